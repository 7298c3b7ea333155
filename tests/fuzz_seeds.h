/* tests/fuzz_seeds.h: small valid files of every kind that fuzz_readers.c starts from. Included by it alone. */
static void built_in_nets(void)
{
    static const char *const nets[] = {"abs", "dead", "max", "res", "stable", "xor"};
    for (size_t i = 0; i < 6; i++) {
        char path[64];
        snprintf(path, sizeof path, "models/tiny-%s.onnx", nets[i]);
        add_file(ONNX, path);
        snprintf(path, sizeof path, "models/tiny-%s.json", nets[i]);
        add_file(NETJSON, path);
    }
    add_text(NETJSON, "{\"netmip\": \"network\", \"version\": 1, \"input\": {\"name\": \"x\", "
                      "\"shape\": [1,1,3,3]}, \"layers\": ["
                      "{\"op\": \"Conv\", \"weight\": [[[[1,2],[3,-4]]]], \"pads\": [1,0,1,0], "
                      "\"strides\": [1,2], \"name\": \"c\"},"
                      "{\"op\": \"MaxPool\", \"kernel_shape\": [2,2]}, {\"op\": \"Concat\", "
                      "\"inputs\": [\"c\",\"c\"], \"axis\": 1},"
                      "{\"op\": \"Flatten\"}, {\"op\": \"Relu\"}, {\"op\": \"Mul\", \"value\": "
                      "0.5}, {\"op\": \"Transpose\", \"perm\": [1,0]}]}");
    add_text(
        NETJSON,
        "{\"netmip\": \"network\", \"version\": 1, \"input\": {\"name\": \"x\", "
        "\"shape\": [1,2,2,3]}, \"layers\": ["
        "{\"op\": \"ConvTranspose\", \"weight\": [[[[1,2]]],[[[3,-4]]]], \"strides\": [2,1], "
        "\"output_padding\": [1,0], \"pads\": [0,1,1,0]}, {\"op\": \"LeakyRelu\", \"alpha\": 0.3},"
        "{\"op\": \"PRelu\", \"value\": [[[0.5]]]}, {\"op\": \"Clip\", \"min\": -1, \"max\": 2.5},"
        "{\"op\": \"Slice\", \"starts\": [0,-2], \"ends\": [9,9], \"axes\": [2,3], \"name\": "
        "\"s\"},"
        "{\"op\": \"Pad\", \"mode\": \"reflect\", \"pads\": [0,0,1,0,0,0,0,1]}, {\"op\": \"Abs\"},"
        "{\"op\": \"Max\", \"value\": [[[0.25]]], \"bias\": [0.5]}, {\"op\": \"HardSigmoid\", "
        "\"alpha\": 0.5}, {\"op\": \"ReduceMean\", \"axes\": [2], \"keepdims\": 1},"
        "{\"op\": \"Gather\", \"value\": [[1,-1]], \"axis\": 3}, {\"op\": \"ReduceMin\", "
        "\"axes\": [-1], \"keepdims\": 0}, {\"op\": \"Softmax\", \"axis\": 1}]}");
    add_text(
        NETJSON,
        "{\"netmip\": \"network\", \"version\": 1, \"input\": {\"name\": \"x\", "
        "\"shape\": [1,4,2,2]}, \"layers\": ["
        "{\"op\": \"DepthToSpace\", \"blocksize\": 2}, {\"op\": \"GlobalMaxPool\"},"
        "{\"op\": \"Expand\", \"value\": [1,2,1,3]}, {\"op\": \"Tile\", \"value\": [1,1,2,1]},"
        "{\"op\": \"SpaceToDepth\", \"blocksize\": 1}, {\"op\": \"Where\", \"inputs\": [\"c\", "
        "\"SpaceToDepth_4\", \"c\"]},"
        "{\"op\": \"Shape\", \"inputs\": [\"x\"]}, {\"op\": \"ConstantOfShape\", \"name\": \"z\"},"
        "{\"op\": \"Sum\", \"inputs\": [\"x\", \"z\"]}, {\"op\": \"Min\", \"inputs\": "
        "[\"Where_5\", \"r\"]},"
        "{\"op\": \"Identity\", \"inputs\": [], \"value\": [1,0,1], \"name\": \"c\"},"
        "{\"op\": \"ReduceMax\", \"inputs\": [\"Sum_8\"], \"axes\": [1,2,3], \"keepdims\": 1, "
        "\"name\": \"r\"}],"
        "\"outputs\": [\"Min_9\"]}");
}

static void built_in_texts(void)
{
    const char *declare = "; a question\n(declare-const X_0 Real)\n(declare-const X_1 "
                          "Real)(declare-const Y_0 Real)(declare-const Y_1 Real)\n";
    char text[1024];
    snprintf(text, sizeof text,
             "%s(assert (<= X_0 1.5))(assert (>= X_0 -1))\n(assert (and (<= X_1 1e0)(>= X_1 0)))"
             "(assert (or (and (<= Y_0 Y_1)(>= Y_1 0.5))(and (> Y_0 (+ 1 (* 2 Y_1) (- X_0)))(< 2 "
             "Y_0))))\n",
             declare);
    add_text(VNNLIB, text);
    add_text(SEXPR, text);
    snprintf(text, sizeof text,
             "%s(assert (or (and (<= X_0 1)(>= X_0 0)(<= X_1 1)(>= X_1 0)(>= Y_0 3))(and (<= X_0 "
             "4)(>= X_0 2)"
             "(<= X_1 1)(>= X_1 0)(<= (- Y_0 Y_1) 3))))\n",
             declare);
    add_text(VNNLIB, text);
}

static void built_in_images(void)
{
    add(IDX,
        "\0\0\x08\x03\0\0\0\2\0\0\0\2\0\0\0\3"
        "abcdefABCDEF",
        28);
    add(IDX,
        "\0\0\x08\x02\0\0\0\2\0\0\0\3"
        "abcDEF",
        18);
    add(LABELS, "\0\0\x08\x01\0\0\0\4\1\2\3\4", 12);
    add(NPY,
        "\x93NUMPY\1\0\x46\0{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }          "
        "\n\0\0\x80\x3f\0\0\0\x40",
        88);
    add(NPY,
        "\x93NUMPY\2\0\x46\0\0\0{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }          "
        "  \n\1\2\3",
        85);
    static const unsigned char grey[] = {
        137, 80, 78,  71, 13, 10,  26,  10, 0,  0,   0,  13, 73,  72,  68,  82, 0,  0,
        0,   2,  0,   0,  0,  2,   8,   0,  0,  0,   0,  87, 221, 82,  248, 0,  0,  0,
        14,  73, 68,  65, 84, 120, 156, 99, 96, 100, 98, 96, 102, 1,   0,   0,  29, 0,
        11,  13, 181, 82, 6,  0,   0,   0,  0,  73,  69, 78, 68,  174, 66,  96, 130};
    static const unsigned char colour[] = {
        137, 80, 78, 71,  13,  10,  26,  10, 0,  0,   0,  13,  73, 72,  68,  82, 0,  0,
        0,   2,  0,  0,   0,   1,   8,   2,  0,  0,   0,  123, 64, 232, 221, 0,  0,  0,
        15,  73, 68, 65,  84,  120, 156, 99, 96, 100, 98, 102, 97, 101, 3,   0,  0,  63,
        0,   22, 33, 186, 212, 84,  0,   0,  0,  0,   73, 69,  78, 68,  174, 66, 96, 130};
    add(PNG, grey, sizeof grey);
    add(PNG, colour, sizeof colour);
    add_text(PNM, "P2\n# grey\n3 2\n255\n0 1 2\n253 254 255\n");
    add_text(PNM, "P5 3 2 255\nabcdef");
    add_text(PNM, "P6 1 2 255\nabcdef");
    add_text(PNM, "P3 1 1 255 7 8 9\n");
    add_text(CSV, "# x, y\n1,2.5;-3e-4\n0.5 +7\t1e3\r\n\n");
}

static void built_in_answers(void)
{
    add_text(MAP,
             "{\"netmip\": \"map\", \"version\": 1, \"program\": \"0.1.0\", \"options\": \"\", "
             "\"net\": \"n.onnx\", \"net_sha256\": \"ab\","
             "\"query\": null, \"query_sha256\": \"cd\", \"model\": \"m.mps\", \"model_sha256\": "
             "\"ef\", \"target\": \"1\", \"target_label\": 1,"
             "\"label\": 0, \"case\": 0, \"clause\": 0, \"objective\": \"feasible\", \"encoding\": "
             "\"bigm\", \"fold\": true, \"relaxation\": false, \"constant\": 0.5,"
             "\"rows\": 1, \"nonzeros\": 2, \"binaries\": 1, \"columns\": [\"x0\", \"z2_0\"], "
             "\"input_columns\": [0, -1], \"question_sha256\": "
             "\"0189b203847e9b7b45efedbcd7c188d7a9b99b7ba3c9f0e3c6bb30a236852a46\", \"question\": "
             "{\"n_in\": 2, \"n_out\": 2, \"label\": 0, \"predicted\": 0, \"guard\": 0, "
             "\"objective\": \"feasible\", \"shape\": [1, 2],"
             "\"image\": [0.5, 0.25], \"cases\": [{\"lo\": [0, 0.25], \"hi\": [1, 0.25], "
             "\"in_rows\": [], \"clauses\": [{\"name\": \"1\","
             "\"label\": 1, \"rows\": [{\"var\": [0, 1], \"coef\": [1, -1], \"rhs\": 0}]}]}]}}");
    add_text(SOL, "Optimal - objective value -0.50000000\n      0 x0                 0.5           "
                  "            0\n"
                  "**    1 x1                 0.25                      0\n      2 v2_0            "
                  "   1e-07                   1.5\n");
    add_text(SOL, "Stopped on time (no integer solution - continuous used) - objective value 3\n   "
                  "   0 x0   0.5   0\n");
    add_text(SOL, "Model status\nOptimal\n\n# Primal solution values\nFeasible\nObjective -0.5\n# "
                  "Columns 6\nx0 0.5\nx1 0.25\nv2_0 0\nz2_0 1\nv2_1 0\n"
                  "z2_1 0\n# Rows 2\nr0 1\nr1 2\n\n# Dual solution values\nNone\n\n# Basis\nHiGHS "
                  "v1\nNone\n");
    add_text(SOL, "Model status\nInfeasible\n\n# Primal solution values\nNone\n\n# Dual solution "
                  "values\nNone\n\n# Basis\nHiGHS v1\nNone\n");
}

static void built_in(void)
{
    built_in_nets();
    built_in_texts();
    built_in_images();
    built_in_answers();
}
