#!/usr/bin/env node
/* highs.js: HiGHS without installing HiGHS: npm's WebAssembly build (package highs, by O. Lojkine, one thread) reads a
 * model and writes HiGHS's own raw solution file, with zero gaps, as `--solver highs` would get it.
 *
 *   highs.js MODEL SOLUTION [SECONDS]   one model, the solver's log on stdout; for netmip solve:
 *                                       --solver-command "node scripts/highs.js {model} {solution} {seconds}"
 *   highs.js --batch LIST               many in one process: a line is MODEL, SOLUTION, CPU SECONDS between tabs; a
 *                                       line of JSON on stdout for each: status, objective, dual bound, CPU seconds
 *   highs.js --doubles MODEL OUT        what its reader made of the model, in little-endian float64: columns, rows,
 *                                       nonzeros; costs, lower, upper; lower, upper of rows; the matrix by columns
 *   highs.js --version                  of the package; exit code 127 when it is not here
 *
 * The package is looked for in $NETMIP_HIGHS, then where scripts/deps.sh puts it ($XDG_CACHE_HOME or ~/.cache, netmip),
 * then where node looks. The tests and benchmarks use this file; netmip itself does not. */
"use strict";
const fs = require("fs"), os = require("os"), path = require("path"), zlib = require("zlib");
const CACHE = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "netmip");

function found() {
    const at = [process.env.NETMIP_HIGHS, path.join(CACHE, "node_modules", "highs"), "highs"].filter(Boolean);
    for (const p of at) {
        try {
            return [require(p), require(path.join(p, "package.json")).version];
        } catch (e) {
            if (e.code !== "MODULE_NOT_FOUND" && e.code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw e;
        }
    }
    process.stderr.write("highs.js: npm's package highs is not here (looked in " + at.join(", ") + ")\n");
    process.exit(127);
}

function read(highs, file, loud) {
    const raw = fs.readFileSync(file), bytes = file.endsWith(".gz") ? zlib.gunzipSync(raw) : raw;
    const lp = /\.lp(\.gz)?$/.test(file), model = highs.createModel();
    model.options.set({ output_flag: loud, log_to_console: loud });
    model.readModel(lp ? { format: "lp", data: bytes.toString("latin1") } : { format: "mps", data: new Uint8Array(bytes) });
    return model;
}

function cpu(since) {
    const used = process.cpuUsage(since);
    return (used.user + used.system) / 1e6;
}

/* HiGHS counts seconds of the clock; on a machine with other work, of the processor here, and ten times that by the clock */
function limits(highs, began, seconds) {
    const stop = (event) => { if (cpu(began) > seconds) event.interrupt(); }, type = highs.constants.callbackType;
    return { [type.simplexInterrupt]: stop, [type.ipmInterrupt]: stop, [type.mipInterrupt]: stop };
}

function solve(highs, file, solution, seconds, loud) {
    const began = process.cpuUsage(), model = read(highs, file, loud), byClock = loud;
    try {
        model.options.set({ mip_rel_gap: 0, mip_abs_gap: 0, random_seed: 0 });
        if (seconds > 0) model.options.set("time_limit", byClock ? seconds : 10 * seconds);
        model.run(seconds > 0 && !byClock ? limits(highs, began, seconds) : undefined);
        const text = model.exportSolution(false);
        fs.writeFileSync(solution, text);
        return { status: text.split("\n")[1], objective: model.getObjectiveValue(), bound: model.info.get("mip_dual_bound"),
                 seconds: cpu(began) };
    } finally {
        model.dispose();
    }
}

async function batch(load, list) {
    let highs = await load();
    for (const line of fs.readFileSync(list, "utf8").split("\n").filter(Boolean)) {
        const [file, solution, seconds] = line.split("\t");
        fs.rmSync(solution, { force: true });
        let said;
        try {
            said = solve(highs, file, solution, Number(seconds || 0), false);
        } catch (e) { // after a trap the instance is not to be trusted
            said = { status: "error", error: String(e.message || e) };
            highs = await load();
        }
        process.stdout.write(JSON.stringify({ model: file, ...said }) + "\n");
    }
}

function doubles(highs, file, out) {
    const model = read(highs, file, false), m = model.getLp("csc");
    const a = m.matrix || m;
    const all = [m.numCols, m.numRows, a.values.length, ...m.colCost, ...m.colLower, ...m.colUpper, ...m.rowLower, ...m.rowUpper,
                 ...a.starts, ...a.indices, ...a.values];
    fs.writeFileSync(out, Buffer.from(Float64Array.from(all).buffer));
    model.dispose();
}

async function main(args) {
    const [load, version] = found();
    if (args[0] === "--version" && args.length === 1) return void process.stdout.write(version + "\n");
    if (args[0] === "--batch" && args.length === 2) return batch(load, args[1]);
    if (args[0] === "--doubles" && args.length === 3) return doubles(await load(), args[1], args[2]);
    if (args.length < 2 || args.length > 3 || args[0].startsWith("--") || !(Number(args[2] || 0) >= 0)) {
        process.stderr.write("usage: highs.js MODEL SOLUTION [SECONDS] | --batch LIST | --doubles MODEL OUT | --version\n");
        process.exit(2);
    }
    solve(await load({ print: (s) => process.stdout.write(s + "\n") }), args[0], args[1], Number(args[2] || 0), true);
}

main(process.argv.slice(2)).catch((e) => {
    process.stderr.write("highs.js: " + (e.message || e) + "\n");
    process.exit(1);
});
