"""netmip.py: BenchExec's tool-info module for netmip: tasks of one property (VNN-LIB) and the networks that it is about.

With netmip's folder on PYTHONPATH and netmip on the PATH, a benchmark says <benchmark tool="scripts.benchexec.netmip">;
copied into benchexec/tools, it says tool="netmip". unsat is BenchExec's `true`: the property has no counterexample; sat is
`false`. Options of the benchmark go to `netmip verify`."""
import benchexec.result as result
import benchexec.tools.template

WORDS = {"sat": result.RESULT_FALSE_PROP, "unsat": result.RESULT_TRUE_PROP, "unknown": result.RESULT_UNKNOWN, "timed-out": "TIMEOUT"}
EXITS = {2: "ERROR (command line)", 3: "ERROR (malformed input)", 4: "ERROR (not supported)", 5: "ERROR (file or memory)", 6: "ERROR (audit)"}


class Tool(benchexec.tools.template.BaseTool2):
    def executable(self, tool_locator):
        return tool_locator.find_executable("netmip", subdir="build")

    def name(self):
        return "netmip"

    def version(self, executable):
        return self._version_from_tool(executable)

    def cmdline(self, executable, options, task, rlimits):
        files = list(task.input_files)
        properties = [f for f in files if f.removesuffix(".gz").endswith(".vnnlib")]
        networks = [f for f in files if f not in properties]
        if len(properties) != 1 or not networks:
            raise benchexec.tools.template.UnsupportedFeatureException("netmip: a task of one .vnnlib file and its networks was expected")
        limits = [s for s in (rlimits.cputime, rlimits.walltime) if s]
        command = [executable, "verify", properties[0]]
        for f in networks:
            command += ["--network", f]
        if limits:
            command += ["--timeout", str(max(1, int(min(limits))))]
        return command + ["--quiet", *options]

    def determine_result(self, run):
        said = [line.strip() for line in run.output]
        words = [line for line in said if line in WORDS]  # stderr may stand before the answer
        if run.was_timeout:
            return "TIMEOUT"
        if run.exit_code.signal:
            return "KILLED BY SIGNAL %d" % run.exit_code.signal
        if run.exit_code.value:
            return EXITS.get(run.exit_code.value, result.RESULT_ERROR)
        return WORDS[words[0]] if words else result.RESULT_ERROR
