/* completion.c: completions of the command line for bash, zsh and fish, made from the rows of command.def: verbs, each
 * verb's flags, the words that a value may be, and files with the endings of their kind. */
#include "base/base.h"
#include "command/command.h"
#include "command/flags.h"
#include "command/page.h"

static const char *endings(const char *kind)
{
    for (const nm_word *k = nm_kinds(); k->name; k++)
        if (strcmp(k->name, kind) == 0) return k->meaning;
    return "";
}

static const char in_zsh[] = "'\\''", in_fish[] = "\\'"; /* a quote within quotes */

/* Returns the first clause of a flag's help, for a line of a menu, quoted to stand within a shell's single quotes. */
static const char *clause(nm_job *job, const char *help, const char *quote)
{
    const char *text = nm_filled(job, help);
    nm_buf b = {.job = job};
    size_t n = strcspn(text, ";:(");
    while (n && text[n - 1] == ' ') n--;
    if (!text[n] && n > 70)
        for (n = 70; text[n] != ' ';) n--;
    nm_put(&b, "%s", "");
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\'')
            nm_put(&b, "%s", quote);
        else if (!strchr("[]\\", text[i])) /* these are special to zsh */
            nm_put_bytes(&b, text + i, 1);
    }
    return b.s;
}

/* Returns the words that a value may begin with, separated by blanks; "" if there are none. */
static const char *choices(nm_job *job, const nm_flag *f)
{
    nm_buf b = {.job = job};
    nm_put(&b, "%s", "");
    for (const nm_word *w = nm_flag_words(job, f); w->name; w++)
        nm_put(&b, b.n ? " %s" : "%s", w->name);
    return b.s;
}

static void put_names(nm_buf *b)
{
    for (const nm_verb *v = nm_verbs(); v->name; v++)
        nm_put(b, v == nm_verbs() ? "%s" : " %s", v->name);
}

/* Returns all names that `help` accepts. */
static const char *pages(nm_job *job)
{
    nm_buf b = {.job = job};
    put_names(&b);
    for (const nm_manual *m = nm_manuals(); m->name; m++) nm_put(&b, " %s", m->name);
    for (const nm_word *l = nm_lists(); l->name; l++) nm_put(&b, " %s", l->name);
    return b.s;
}

/* Writes endings, each in quotes. */
static void put_endings(nm_buf *b, const char *kind)
{
    for (const nm_word *w = nm_words_split(b->job, endings(kind), " "); w->name; w++)
        nm_put(b, " '%s'", w->name);
}

/* ---- bash ---- */

static const char bash_head[] =
    "# bash completion of netmip, as `netmip help --completion bash` prints it\n"
    "_netmip_files() { # ENDING..: files that end so, also with .gz, and folders; * is any file, / "
    "folders alone\n"
    "    local end found\n"
    "    for end; do\n"
    "        case $end in\n"
    "        /) ;;\n"
    "        json) mapfile -t found < <(compgen -f -X \"!!(*.map|*.manifest).@(json|json.gz)\" -- \"$cur\"); "
    "COMPREPLY+=(\"${found[@]}\") ;;\n" /* maps and manifests have endings of their own */
    "        '*') mapfile -t found < <(compgen -f -- \"$cur\"); COMPREPLY+=(\"${found[@]}\") ;;\n"
    "        *) mapfile -t found < <(compgen -f -X \"!*.@($end|$end.gz)\" -- \"$cur\"); "
    "COMPREPLY+=(\"${found[@]}\") ;;\n"
    "        esac\n"
    "    done\n"
    "    if [ \"$1\" != '*' ]; then mapfile -t found < <(compgen -d -- \"$cur\"); "
    "COMPREPLY+=(\"${found[@]}\"); fi\n"
    "    compopt -o filenames 2>/dev/null\n"
    "}\n"
    "_netmip_words() { # WORD..: those that begin so; no blank follows where an argument does\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$*\" -- \"$cur\")\n"
    "    case ${COMPREPLY[0]} in *:) compopt -o nospace 2>/dev/null ;; esac\n"
    "}\n"
    "_netmip() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} "
    "verb=${COMP_WORDS[1]}\n"
    "    COMPREPLY=()\n"
    "    if [ \"$cur\" = = ]; then cur=; elif [ \"$before\" = = ]; then "
    "before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
    "    [ \"$before\" = -o ] && before=--output\n";

static void put_bash_value(nm_buf *b, const nm_verb *v, const nm_flag *f)
{
    const char *words = choices(b->job, f);
    if (!*f->value) return;
    nm_put(b, "    %s:--%s)", v->name, nm_cli_name(b->job, f->opt));
    if (*words) nm_put(b, " _netmip_words %s;", words);
    if (*endings(f->kind)) {
        nm_put(b, " _netmip_files");
        put_endings(b, f->kind);
        nm_put(b, ";");
    }
    nm_put(b, " return ;;\n");
}

static void bash(nm_buf *b)
{
    nm_put(b, "%s    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        _netmip_words ", bash_head);
    put_names(b);
    nm_put(b, "\n        return\n    fi\n    case $verb:$before in\n");
    for (const nm_verb *v = nm_verbs(); v->name; v++)
        for (const nm_flag *f = nm_flag_next(v->name, NULL); f; f = nm_flag_next(v->name, f))
            put_bash_value(b, v, f);
    nm_put(b, "    esac\n    case $verb:$cur in\n");
    for (const nm_verb *v = nm_verbs(); v->name; v++) {
        nm_put(b, "    %s:-*) _netmip_words", v->name);
        for (const nm_flag *f = nm_flag_next(v->name, NULL); f; f = nm_flag_next(v->name, f))
            nm_put(b, " --%s", nm_cli_name(b->job, f->opt));
        nm_put(b, " --help ;;\n    %s:*)", v->name);
        if (strcmp(v->files, "page") == 0) {
            nm_put(b, " _netmip_words %s ;;\n", pages(b->job));
            continue;
        }
        nm_put(b, " _netmip_files");
        for (const nm_word *k = nm_words_split(b->job, v->files, " "); k->name; k++)
            put_endings(b, k->name);
        nm_put(b, " ;;\n");
    }
    nm_put(b, "    esac\n}\nshopt -s extglob\ncomplete -F _netmip netmip\n");
}

/* ---- zsh ---- */

/* Writes how zsh completes files of a kind: `_files -g "(*.onnx|*.png)(|.gz)"`, folders or any file. */
static void put_zsh_files(nm_buf *b, const char *kinds)
{
    const char *bar = "";
    nm_buf list = {.job = b->job};
    for (const nm_word *k = nm_words_split(b->job, kinds, " "); k->name; k++)
        for (const nm_word *w = nm_words_split(b->job, endings(k->name), " "); w->name; w++) {
            if (strchr("*/", *w->name)) continue;
            nm_put(&list, strcmp(w->name, "json") ? "%s*.%s" : "%s(*~*.(map|manifest)).%s", bar, w->name);
            bar = "|";
        }
    if (list.n && !nm_has_word(kinds, "any"))
        nm_put(b, "_files -g \"(%s)(|.gz)\"", list.s);
    else
        nm_put(b, strcmp(kinds, "folder") ? "_files" : "_files -/");
}

static void put_zsh_flag(nm_buf *b, const nm_flag *f)
{
    const char *words = choices(b->job, f), *name = nm_cli_name(b->job, f->opt);
    const bool is_output = f->opt == NM_O_output;
    for (int k = 0; k <= is_output; k++) {
        nm_put(b, " \\\n            '%s%s[%s]", k ? "-" : "--", k ? "o" : name,
               clause(b->job, f->help, in_zsh));
        if (*f->value) nm_put(b, ":value:");
        if (*words)
            nm_put(b, "(%s)", words);
        else if (*endings(f->kind))
            put_zsh_files(b, f->kind);
        nm_put(b, "'");
    }
}

static void zsh(nm_buf *b)
{
    nm_put(b, "#compdef netmip\n# zsh completion of netmip, as `netmip help --completion zsh` "
              "prints it\n_netmip() {\n"
              "    local verb=$words[2]\n    if (( CURRENT == 2 )); then\n        local -a verbs\n "
              "       verbs=(");
    for (const nm_verb *v = nm_verbs(); v->name; v++)
        nm_put(b, "\n            '%s:%s'", v->name, clause(b->job, v->help, in_zsh));
    nm_put(b, ")\n        _describe verb verbs\n        return\n    fi\n    shift words\n    (( "
              "CURRENT-- ))\n"
              "    case $verb in\n");
    for (const nm_verb *v = nm_verbs(); v->name; v++) {
        nm_put(b, "    %s)\n        _arguments", v->name);
        for (const nm_flag *f = nm_flag_next(v->name, NULL); f; f = nm_flag_next(v->name, f))
            put_zsh_flag(b, f);
        nm_put(b, " \\\n            '--help[what %s does, and its flags]' \\\n            '*:file:",
               v->name);
        if (strcmp(v->files, "page") == 0)
            nm_put(b, "(%s)", pages(b->job));
        else
            put_zsh_files(b, v->files);
        nm_put(b, "' ;;\n");
    }
    nm_put(b, "    esac\n}\n_netmip \"$@\"\n");
}

/* ---- fish ---- */

/* Writes how fish completes files of these kinds. */
static void put_fish_files(nm_buf *b, const char *kinds)
{
    nm_buf list = {.job = b->job};
    bool plain = false, maps = false; /* maps and manifests are .json, too, but neither networks nor questions */
    for (const nm_word *k = nm_words_split(b->job, kinds, " "); k->name; k++)
        for (const nm_word *w = nm_words_split(b->job, endings(k->name), " "); w->name; w++)
            if (!strchr("*/", *w->name)) {
                nm_put(&list, " .%s .%s.gz", w->name, w->name);
                plain |= strcmp(w->name, "json") == 0;
                maps |= strcmp(w->name, "map.json") == 0;
            }
    if (list.n && !nm_has_word(kinds, "any"))
        nm_put(b, " -k -a '(__fish_complete_suffix%s%s)'", list.s,
               plain && !maps ? " | string match -v -r \"[.](map|manifest)[.]json\"" : "");
    else if (strcmp(kinds, "folder") == 0)
        nm_put(b, " -a '(__fish_complete_directories)'");
    else
        nm_put(b, " -F");
}

static void put_fish_flag(nm_buf *b, const char *when, const nm_flag *f)
{
    const char *words = choices(b->job, f);
    const bool has_any = strchr(endings(f->kind), '*') != NULL;
    nm_put(b, "%s -l %s%s -d '%s'", when, nm_cli_name(b->job, f->opt),
           f->opt == NM_O_output ? " -s o" : "", clause(b->job, f->help, in_fish));
    if (*f->value) nm_put(b, has_any && !*words ? " -r" : " -x"); /* -x does not go with -F, any file */
    if (*words)
        nm_put(b, " -a '%s'", words);
    else if (*endings(f->kind))
        put_fish_files(b, f->kind);
    nm_put(b, "\n");
}

static void fish(nm_buf *b)
{
    nm_put(b, "# fish completion of netmip, as `netmip help --completion fish` prints it\ncomplete "
              "-c netmip -f\n");
    for (const nm_verb *v = nm_verbs(); v->name; v++)
        nm_put(b, "complete -c netmip -n __fish_use_subcommand -a %s -d '%s'\n", v->name,
               clause(b->job, v->help, in_fish));
    for (const nm_verb *v = nm_verbs(); v->name; v++) {
        const char *when = nm_fmt(b->job, "complete -c netmip -n '__fish_seen_subcommand_from %s'",
                                  v->name);
        for (const nm_flag *f = nm_flag_next(v->name, NULL); f; f = nm_flag_next(v->name, f))
            put_fish_flag(b, when, f);
        nm_put(b, "%s -l help -d 'what %s does, and its flags'\n%s", when, v->name, when);
        if (strcmp(v->files, "page") == 0)
            nm_put(b, " -a '%s'", pages(b->job));
        else
            put_fish_files(b, v->files);
        nm_put(b, "\n");
    }
}

void nm_completion(nm_buf *b, const char *shell)
{
    if (strcmp(shell, "bash") == 0) bash(b);
    if (strcmp(shell, "zsh") == 0) zsh(b);
    if (strcmp(shell, "fish") == 0) fish(b);
}
