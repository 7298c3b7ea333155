/* solution_seeds.h: solution files of every format for one small model: optimal, stopped, infeasible, unbounded,
 * nothing. For CBC, HiGHS 0 and 1, SCIP, GLPK, lp_solve and SYMPHONY they look like files that these solvers
 * wrote; for the others they follow the public documentation and nothing else. Included by fuzz_solutions.c alone.
 *
 * The model has 3 rows and the columns x0 x1 v2_0 z2_0 mark_0123456789ab; the point is 1 0 0.5 1 1, its objective
 * -0.25. */
#define MARK  "mark_0123456789ab"
#define CBC_LOG(result)                                                                            \
    "Welcome to the CBC MILP Solver \nVersion: 2.10.8 \n\nProblem " MARK                          \
    " has 3 rows, 5 columns and 7 elements\nOption for preprocess changed from sos to off\n"      \
    "Continuous objective value is -1 - 0.00 seconds\n" result
#define STARS "****************************************************\n"
#define SYMPHONY(text)                                                                             \
    "\n==  Welcome to the SYMPHONY MILP Solver \n==  Version: 5.6.17 \n\nSolving...\n\n" STARS     \
    "* " text " *\n* Now displaying stats and best solution found...  *\n" STARS "\n"
#define SYMPHONY_POINT                                                                             \
    "Solution Found: Node 0, Level 0\nSolution Cost: -0.2500000000\n+++++++++++++++++\n"           \
    "Column names and values of nonzeros in the solution\n+++++++++++++++++\n" SYMPHONY_LIST
#define SYMPHONY_LIST                                                                              \
    "x0         1.0000000000\nv2_0       0.5000000000\nz2_0       1.0000000000\n" MARK             \
    " 1.0000000000\n\n"
#define RAW_HEAD(status)                                                                           \
    "c Problem:    " MARK                                                                          \
    "\nc Rows:       3\nc Columns:    5\nc Non-zeros:  7\nc Status:     " status                   \
    "\nc Objective:  OBJROW = -0.25 (MINimum)\nc\n"
#define RAW_POINT "i 1 1\ni 2 0\ni 3 0.5\nj 1 1\nj 2 0\nj 3 0.5\nj 4 1\nj 5 1\ne o f\n"
#define RAW_ZEROS "i 1 0\ni 2 0\ni 3 0\nj 1 0\nj 2 0\nj 3 0\nj 4 0\nj 5 0\ne o f\n"
#define REPORT(status, x0, z, m)                                                                   \
    "Problem:    " MARK "\nRows:       3\nColumns:    5 (1 integer, 1 binary)\nNon-zeros:  7\n"    \
    "Status:     " status "\nObjective:  OBJROW = -0.25 (MINimum)\n\n"                             \
    "   No.   Row name        Activity     Lower bound   Upper bound\n"                            \
    "------ ------------    ------------- ------------- -------------\n"                           \
    "     1 ra2_0                       1                           1 \n"                          \
    "     2 rb2_0                       0                           1 \n"                          \
    "     3 a_row_with_a_long_name\n                                0                           "  \
    "1 \n\n"                                                                                       \
    "   No. Column name       Activity     Lower bound   Upper bound\n"                            \
    "------ ------------    ------------- ------------- -------------\n"                           \
    "     1 x0                        " x0 "             0             1 \n"                       \
    "     2 x1                          0             0             1 \n"                          \
    "     3 v2_0                      0.5             0             1 \n"                          \
    "     4 z2_0         *            " z "             0             1 \n"                        \
    "     5 " MARK "\n                              " m "             1             = \n\n"        \
    "Integer feasibility conditions:\n\nKKT.PE: max.abs.err = 0.00e+00 on row 0\n\nEnd of "        \
    "output\n"
#define PRETTY_LINE(i, primal, type, name)                                                         \
    "        " i "                   0            1 " primal "               " type "  " name "\n"
#define PRETTY(p1, p0, ph, status, objective)                                                      \
    "Columns\n    Index Status        Lower        Upper       Primal         Dual  Type        "  \
    "Name\n" PRETTY_LINE("0", p1, "Continuous", "x0") PRETTY_LINE(                                 \
        "1", p0, "Continuous", "x1") PRETTY_LINE("2", ph, "Continuous", "v2_0")                    \
        PRETTY_LINE("3", p1, "Integer   ", "z2_0") PRETTY_LINE(                                    \
            "4", p1, "Continuous",                                                                 \
            MARK) "Rows\n    Index Status        Lower        Upper       Primal         Dual  "   \
                  "Name\n"                                                                         \
                  "        0                -inf            3            3               ra2_0\n"  \
                  "        1                -inf            3            3               rb2_0\n"  \
                  "        2                -inf            3            3               rc2_0\n"  \
                  "\nModel status: " status "\n\nObjective value: " objective "\n"
#define P1 "           1"
#define P0 "           0"
#define PH "         0.5"
#define PN "            "
#define HIGHS(status, primal)                                                                      \
    "Model status\n" status "\n\n# Primal solution values\n" primal                                \
    "\n# Dual solution values\nNone\n\n# Basis\nHiGHS v1\nNone\n"
#define HIGHS_POINT                                                                                \
    "Feasible\nObjective -0.25\n# Columns 5\nx0 1\nx1 0\nv2_0 0.5\nz2_0 1\n" MARK                  \
    " 1\n# Rows 3\nra2_0 1\nrb2_0 0\nrc2_0 0.5\n"
#define CBC(status)                                                                                \
    status " - objective value -0.25000000\n"                                                      \
           "      0 x0                     1                       0\n"                            \
           "**    1 x1                     0                       0\n"                            \
           "      2 v2_0                 0.5                       0\n"                            \
           "      3 z2_0                   1                       0\n"                            \
           "      4 " MARK "      1                       0\n"
#define SCIP_POINT                                                                                 \
    "x0                                    1 \t(obj:-0.25)\n"                                      \
    "v2_0                                0.5 \t(obj:0)\n"                                          \
    "indslack_r1                           3 \t(obj:0)\n"                                          \
    "z2_0                                  1 \t(obj:0)\n" MARK "    1 \t(obj:0)\n"
#define SCIP_LOG(status, body)                                                                     \
    "SCIP version 10.0.3 [precision: 8 byte]\n\nread problem <m.mps>\n============\n\n"            \
    "original problem has 5 variables (1 bin, 0 int, 4 cont) and 3 constraints\n\n"                \
    "SCIP Status        : " status "\nPrimal Bound       : -2.5e-01 (2 solutions)\n"               \
    "Dual Bound         : -5.0e-01\n\nprimal solution (original space):\n"                         \
    "=================================\n\n" body "\nStatistics\n==========\n\n"                    \
    "  Problem name     : " MARK "\n"
#define LPSOLVE                                                                                    \
    "\nValue of objective function: -0.25000000\n\nActual values of the variables:\n"              \
    "x0                              1\nx1                              0\n"                       \
    "v2_0                          0.5\nz2_0                            1\n" MARK                  \
    "               1\n"
#define LPSOLVE_ROWS                                                                               \
    "\nActual values of the constraints:\nra2_0                  1\nrb2_0                  0\n"    \
    "rc2_0                0.5\n"
#define CPLEX(value, text, feasible, vars)                                                         \
    "<?xml version = \"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"                            \
    "<CPLEXSolution version=\"1.2\">\n <header\n   problemName=\"m.mps\"\n"                        \
    "   objectiveValue=\"-0.25\"\n   solutionStatusValue=\"" value                                 \
    "\"\n   solutionStatusString=\"" text "\"\n   primalFeasible=\"" feasible                      \
    "\"\n   writeLevel=\"1\"/>\n <linearConstraints>\n"                                            \
    "  <constraint name=\"ra2_0\" index=\"0\" slack=\"0\"/>\n"                                     \
    "  <constraint name=\"rb2_0\" index=\"1\" slack=\"0\"/>\n"                                     \
    "  <constraint name=\"rc2_0\" index=\"2\" slack=\"0\"/>\n </linearConstraints>\n" vars         \
    "</CPLEXSolution>\n"
#define CPLEX_VARS                                                                                 \
    " <variables>\n  <variable name=\"x0\" index=\"0\" value=\"1\"/>\n"                            \
    "  <variable name=\"x1\" index=\"1\" value=\"-0\"/>\n"                                         \
    "  <variable name=\"v2_0\" index=\"2\" value=\"0.5\"/>\n"                                      \
    "  <variable name=\"z2_0\" index=\"3\" value=\"1\"/>\n"                                        \
    "  <variable name=\"" MARK "\" index=\"4\" value=\"1\"/>\n </variables>\n"
#define GUROBI_VARS                                                                                \
    ", \"Vars\": [ { \"VarName\": \"x0\", \"X\": 1}, { \"VarName\": \"v2_0\", \"X\": 0.5}, "       \
    "{ \"VarName\": \"z2_0\", \"X\": 1}, { \"VarName\": \"" MARK "\", \"X\": 1}]}\n"
#define GUROBI(status, vars)                                                                       \
    "{ \"SolutionInfo\": { \"Status\": " status ", \"Runtime\": 3.4e-01, \"ObjVal\": -0.25, "      \
    "\"ObjBound\": -0.5, \"MIPGap\": 0, \"SolCount\": 1, \"PoolObjVal\": [ -0.25]}" vars
#define MOSEK(problem, solution, objective)                                                        \
    "NAME                : " MARK "\nPROBLEM STATUS      : " problem                               \
    "\nSOLUTION STATUS     : " solution                                                            \
    "\nOBJECTIVE NAME      : OBJROW\nPRIMAL OBJECTIVE    : " objective                             \
    "\nDUAL OBJECTIVE      : 0.0e+00\n\nCONSTRAINTS\n"                                             \
    "INDEX      NAME           AT ACTIVITY                 LOWER LIMIT        UPPER LIMIT\n"       \
    "0          ra2_0          BS 1.0e+00                  NONE               1.0e+00\n"           \
    "1          rb2_0          UL 1.0e+00                  NONE               1.0e+00\n"           \
    "2          rc2_0          UL 1.0e+00                  NONE               1.0e+00\n"           \
    "\nVARIABLES\n"                                                                                \
    "INDEX      NAME           AT ACTIVITY                 LOWER LIMIT        UPPER LIMIT\n"       \
    "0          x0             UL 1.0e+00                  0.0e+00            1.0e+00\n"           \
    "1          x1             LL 0.0e+00                  0.0e+00            1.0e+00\n"           \
    "2          v2_0           BS 5.0e-01                  0.0e+00            1.0e+00\n"           \
    "3          z2_0           UL 1.0e+00                  0.0e+00            1.0e+00\n"           \
    "4          " MARK " EQ 1.0e+00       1.0e+00            1.0e+00\n"
#define LIST(sep) "x0" sep "1\nx1" sep "0\nv2_0" sep "0.5\nz2_0" sep "1\n" MARK sep "1\n"

#define OPT  NM_SOL_OPTIMAL
#define FEAS NM_SOL_FEASIBLE
#define INF  NM_SOL_INFEASIBLE
#define UNB  NM_SOL_UNBOUNDED
#define NIL  NM_SOL_NONE

static const struct sample {
    const char *solver;
    nm_solstatus status;
    const char *text;
} samples[] = {
    {"cbc", OPT, CBC("Optimal")},
    {"cbc", FEAS, CBC("Optimal (within gap tolerance)")},
    {"cbc", FEAS, CBC("Stopped on time")},
    {"cbc", NIL, CBC("Stopped on time (no integer solution - continuous used)")},
    {"cbc", INF, CBC("Infeasible")},
    {"cbc", INF, CBC("Integer infeasible")},
    {"cbc", UNB, CBC("Unbounded")},
    {"highs", OPT, HIGHS("Optimal", HIGHS_POINT)},
    {"highs", FEAS, HIGHS("Time limit reached", HIGHS_POINT)},
    {"highs", INF, HIGHS("Infeasible", "None\n")},
    {"highs", NIL, HIGHS("Primal infeasible or unbounded", "None\n")},
    {"highs", NIL, HIGHS("Time limit reached", "None\n")},
    {"highs", UNB, HIGHS("Unbounded", "None\n")},
    {"highs", OPT,
     "Model status\nOptimal\n\n# Primal solution values\nFeasible\nObjective -0.25\n# Columns -4\n"
     "x0 1 0\nv2_0 0.5 2\nz2_0 1 3\n" MARK " 1 4\n"},
    {"highs pretty", OPT, PRETTY(P1, P0, PH, "Optimal", "-0.25")},
    {"highs pretty", FEAS, PRETTY(P1, P0, PH, "Time limit reached", "-0.25")},
    {"highs pretty", INF, PRETTY(PN, PN, PN, "Infeasible", "inf")},
    {"highs pretty", NIL, PRETTY(PN, PN, PN, "Primal infeasible or unbounded", "inf")},
    {"highs pretty", NIL, PRETTY(PN, PN, PN, "Time limit reached", "inf")},
    {"highs old", FEAS,
     "5 3 : Number of columns and rows for primal or dual solution or basis\nT Primal solution\n"
     "F Dual solution\nF Basis\nColumns\n1 \n0 \n0.5 \n1 \n1 \nRows\n1 \n0 \n0.5 \n"},
    {"scip", OPT,
     "solution status: optimal solution found\nobjective value:    -0.25\n" SCIP_POINT},
    {"scip", FEAS, "solution status: time limit reached\nobjective value:    -0.25\n" SCIP_POINT},
    {"scip", INF, "solution status: infeasible\nno solution available\n"},
    {"scip", NIL, "solution status: infeasible or unbounded\nno solution available\n"},
    {"scip", NIL, "solution status: time limit reached\nno solution available\n"},
    {"scip", UNB, "solution status: unbounded\nobjective value:   -100000\n" SCIP_POINT},
    {"scip", OPT,
     SCIP_LOG("problem is solved [optimal solution found]",
              "objective value:  -0.25\n" SCIP_POINT)},
    {"scip", INF, SCIP_LOG("problem is solved [infeasible]", "no solution available\n")},
    {"scip", NIL,
     SCIP_LOG("problem is solved [infeasible or unbounded]", "no solution available\n")},
    {"scip", FEAS,
     SCIP_LOG("solving was interrupted [time limit reached]",
              "objective value:  -0.25\n" SCIP_POINT)},
    {"glpk", OPT, RAW_HEAD("INTEGER OPTIMAL") "s mip 3 5 o -0.25\n" RAW_POINT},
    {"glpk", FEAS, RAW_HEAD("INTEGER NON-OPTIMAL") "s mip 3 5 f -0.25\n" RAW_POINT},
    {"glpk", INF, RAW_HEAD("INTEGER EMPTY") "s mip 3 5 n 0\n" RAW_ZEROS},
    {"glpk", NIL, RAW_HEAD("INTEGER UNDEFINED") "s mip 3 5 u 0\n" RAW_ZEROS},
    {"glpk", OPT,
     "s bas 3 5 f f -0.25\ni 1 b 1 0\ni 2 u 1 0\ni 3 l 1 0\nj 1 u 1 0\nj 2 l 0 0\nj 3 b 0.5 0\n"
     "j 4 u 1 0\nj 5 s 1 0\ne o f\n"},
    {"glpk report", OPT, REPORT("INTEGER OPTIMAL", "  1", "  1", "1")},
    {"glpk report", FEAS, REPORT("INTEGER NON-OPTIMAL", "  1", "  1", "1")},
    {"glpk report", INF, REPORT("INTEGER EMPTY", "  0", "  0", "0")},
    {"glpk report", NIL, REPORT("INTEGER UNDEFINED", "  0", "  0", "0")},
    {"lp_solve", OPT, LPSOLVE LPSOLVE_ROWS},
    {"lp_solve", OPT,
     LPSOLVE LPSOLVE_ROWS "\nDual values with from - till limits:\nra2_0   0 0 0\n"},
    {"lp_solve", FEAS, LPSOLVE},
    {"lp_solve", FEAS, "Suboptimal solution\n" LPSOLVE LPSOLVE_ROWS},
    {"lp_solve", OPT, LPSOLVE LPSOLVE LPSOLVE_ROWS},
    {"lp_solve", OPT, "spx_run: Lost feasibility 10 times - iter 7356\n\n" LPSOLVE LPSOLVE_ROWS},
    {"lp_solve", INF, "This problem is infeasible\n"},
    {"lp_solve", INF, "Model name: " MARK "\nMinimize  -1 0 0\n\nThis problem is infeasible\n"},
    {"lp_solve", NIL,
     "check_solution: Variable x0 is 2\n\nUnacceptable accuracy found (worse than "
     "required 5e-07)\n\nThis problem is infeasible\n"},
    {"lp_solve", NIL,
     "\nUnacceptable accuracy found (worse than required 5e-07)\nAccuracy error\n"},
    {"lp_solve", NIL, "\nUnacceptable accuracy found (worse than required 5e-07)\nTimeout\n"},
    {"lp_solve", FEAS,
     "\nUnacceptable accuracy found (worse than required 5e-07)\n" LPSOLVE LPSOLVE_ROWS},
    {"lp_solve", UNB, "This problem is unbounded\n"},
    {"lp_solve", NIL, "Timeout\n"},
    {"symphony", OPT, SYMPHONY("Optimal Solution Found        ") SYMPHONY_POINT},
    {"symphony", FEAS,
     SYMPHONY("Time Limit Reached    ") "Current Lower Bound:         -0.5000000000\n"
                                        "\n" SYMPHONY_POINT},
    {"symphony", FEAS,
     "\n==  Welcome to the SYMPHONY MILP Solver \n\nStarting Preprocessing...\nPreprocessing found "
     "the optimum:\nSolution Cost: -0.2500000000\n:+++++++++++++++++\n"
     "Column names and values of nonzeros in the solution\n+++++++++++++++++\n" SYMPHONY_LIST
     "\n" STARS "* Optimal Solution Found in Preprocessing          *\n" STARS
     "\nThe problem is infeasible!\nNo Solution Found\n\n"},
    {"symphony", INF, SYMPHONY("Problem Infeasible        ")},
    {"symphony", UNB, SYMPHONY("Relaxation Unbounded      ")},
    {"symphony", NIL,
     SYMPHONY("Time Limit Reached    ") "Current Lower Bound:         -0.5000000000\n"
                                        "\nNo Solution Found\n\n"},
    {"gurobi", FEAS, "# Solution for model " MARK "\n# Objective value = -0.25\n" LIST(" ")},
    {"copt", FEAS, "# Objective value = -0.25\n" LIST(" ")},
    {"miplib", FEAS, "=obj= -0.25\n" LIST("    ")},
    {"miplib", INF, "=infeas=\n"},
    {"miplib", INF, "=infeas=\n" MARK " 1\n"},
    {"miplib", UNB, "=unbnd=\n"},
    {"miplib", NIL, "=unkn=\n"},
    {"cbc log", INF, CBC_LOG("Problem is infeasible - tightenPrimalBounds!\n")},
    {"cbc log", INF, CBC_LOG("\nResult - Problem proven infeasible\n")},
    {"cbc log", NIL, CBC_LOG("\nResult - Linear relaxation infeasible\n")},
    {"cbc log", NIL, CBC_LOG("\nResult - Optimal solution found\n")},
    {"gurobi json", OPT, GUROBI("2", GUROBI_VARS)},
    {"gurobi json", FEAS, GUROBI("9", GUROBI_VARS)},
    {"gurobi json", INF, GUROBI("3", "}\n")},
    {"gurobi json", NIL, GUROBI("4", "}\n")},
    {"gurobi json", UNB, GUROBI("5", "}\n")},
    {"gurobi json", NIL, GUROBI("9", "}\n")},
    {"cplex", OPT, CPLEX("101", "integer optimal solution", "1", CPLEX_VARS)},
    {"cplex", FEAS, CPLEX("102", "integer optimal, tolerance", "1", CPLEX_VARS)},
    {"cplex", FEAS, CPLEX("107", "time limit exceeded", "1", CPLEX_VARS)},
    {"cplex", NIL, CPLEX("108", "time limit exceeded, no integer solution", "0", "")},
    {"cplex", INF, CPLEX("103", "integer infeasible", "0", CPLEX_VARS)},
    {"cplex", NIL, CPLEX("119", "integer infeasible or unbounded", "0", "")},
    {"cplex", UNB, CPLEX("118", "integer unbounded", "0", "")},
    {"xpress", FEAS,
     "NAME          " MARK "\n C  x0   1\n C  x1   0\n C  v2_0  5.0e-1\n C  z2_0  1\n C  " MARK
     "  1\n R  ra2_0  1\nENDATA\n"},
    {"xpress csv", FEAS,
     "1,\"ra2_0\",L,BS,1.0,0.0\n2,\"rb2_0\",L,UL,1.0,0.0\n3,\"x0\",C,UL,1.000000,0.0\n"
     "4,\"x1\",C,LL,0.0,0.0\n5,\"v2_0\",C,BS,0.5,0.0\n6,\"z2_0\",C,UL,1.0,0.0\n7,\"" MARK
     "\",C,EQ,1.0,0.0\n"},
    {"mosek", OPT, MOSEK("PRIMAL_FEASIBLE", "INTEGER_OPTIMAL", "-2.5e-01")},
    {"mosek", FEAS, MOSEK("PRIMAL_FEASIBLE", "PRIMAL_FEASIBLE", "-2.5e-01")},
    {"mosek", INF, MOSEK("PRIMAL_INFEASIBLE", "UNKNOWN", "0.0e+00")},
    {"mosek", NIL, MOSEK("PRIMAL_INFEASIBLE_OR_UNBOUNDED", "UNKNOWN", "0.0e+00")},
    {"mosek", UNB, MOSEK("DUAL_INFEASIBLE", "UNKNOWN", "0.0e+00")},
    {"mosek", NIL, MOSEK("UNKNOWN", "UNKNOWN", "0.0e+00")},
};
enum { N_SAMPLES = sizeof samples / sizeof *samples };
#undef OPT /* the menu has one, too */
