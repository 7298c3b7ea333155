/* verb_supports.c: netmip supports, of the VNN-LIB 2.0 standard: what `verify` supports, one capability a run, in the
 * standard's words, one on each line. What is supported only in part is not claimed: operators that are allowed only at
 * an output (inspect --ops), and float32, which some operators do not have. */
#include "base/base.h"
#include "network/network.h"
#include "command/command.h"
#include "command/flags.h"

static const struct {
    nm_opt flag;
    const char *says;
} facts[] = {
    {NM_O_onnx_element_types, "real\n"},
    {NM_O_vnnlib_versions, "1.0\n2.0\n"},
    {NM_O_hidden_node_theories, "NH\n"},
    {NM_O_multiple_input_output_theories, "SIO\nMIO\n"},
    {NM_O_multiple_network_theories, "SNET\nMENET\nMINET\nMNET\n"},
    {NM_O_multiple_node_comparison_theories, "SNC\nMNC\n"},
    {NM_O_arithmetic_complexity_theories, "BND\nOUTC\nLIN\n"},
    {NM_O_optimised_disjunctive_reasoning, "false\n"},
    {NM_O_serialise_assignments, "false\n"},
    {NM_O_unsat_proofs, "false\n"},
};

int nm_verb_supports(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 0, 0, "one capability");
    if (c->argc != 3)
        nm_throw(job, NM_EUSE,
                 "netmip supports: one capability was expected; netmip supports --help lists them");
    if (nm_cli_has(c, NM_O_onnx_opset_versions)) nm_put(out, "%d\n%d\n", NM_OPSET_FIRST, NM_OPSET);
    if (nm_cli_has(c, NM_O_onnx_operators)) nm_op_names(out);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (nm_cli_has(c, facts[i].flag)) nm_put(out, "%s", facts[i].says);
    return NM_OK;
}
