(function () {
  'use strict';
  const FEW = 3, SHORT = 8;

  function value(row, column, number) {
    const text = row.cells[column].textContent;
    return number ? (text === '' ? NaN : Number(text)) : text;
  }

  function compare(a, b) {
    if (a !== a || b !== b) return (a !== a) - (b !== b);
    return a < b ? -1 : a > b ? 1 : 0;
  }

  function sort(table, column) {
    const head = table.tHead.rows[0].cells, th = head[column], body = table.tBodies[0];
    const down = th.getAttribute('aria-sort') === 'ascending', number = th.classList.contains('n');
    const rows = Array.from(body.rows, row => ({row, key: value(row, column, number)}));
    rows.sort((x, y) => x.key !== x.key || y.key !== y.key || !down ? compare(x.key, y.key) : compare(y.key, x.key));
    body.append(...rows.map(x => x.row));
    for (const other of head) other.removeAttribute('aria-sort');
    th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  }

  function makeSortable(table) {
    Array.from(table.tHead.rows[0].cells).forEach((th, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = th.textContent;
      th.replaceChildren(button);
      button.addEventListener('click', () => sort(table, column));
    });
  }

  function makeFilter(items, before, what) {
    const label = document.createElement('label'), input = document.createElement('input'), count = document.createElement('output');
    label.className = 'filter';
    input.type = 'search';
    label.append('Show ' + what + ' with ', input, ' ', count);
    before.before(label);
    input.addEventListener('input', () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const item of items()) {
        const text = ' ' + Array.from(item.cells || [item], e => e.textContent).join(' ').toLowerCase() + ' ';
        item.hidden = !words.every(word => text.includes(word));
        shown += !item.hidden;
      }
      count.textContent = words.length ? shown + ' shown' : '';
    });
  }

  for (const table of document.querySelectorAll('table')) {
    const rows = table.tBodies[0].rows;
    if (rows.length >= FEW) makeSortable(table);
    if (rows.length > SHORT) makeFilter(() => rows, table.parentNode, 'rows');
  }
  for (const gallery of document.querySelectorAll('.gallery'))
    if (gallery.children.length > FEW) makeFilter(() => gallery.children, gallery, 'pictures');
})();
