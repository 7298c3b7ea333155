/* reader_seeds.h: small valid files of every kind that fuzz_readers.c starts from. Included by it alone. */
#include <hdf5.h>
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

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
    add_text(
        NETJSON,
        "{\"netmip\":\"network\",\"version\":1,\"opset\":13,\"axes\":{\"image\":\"HWC\",\"kernel\":"
        "\"HWIO\",\"matrix\":\"IO\"},\"constants\":{\"c\":[[1,2]]},\"input\":{\"shape\":[1,3,2,1],"
        "\"min\":0,\"max\":[1,1,1,1,1,2]},\"layers\":[{\"op\":\"normalize\",\"mean\":[0.5],\"std\":"
        "2},"
        "{\"op\":\"conv\",\"weight\":[[[[1,-1]],[[2,3]]]],\"stride\":[1,2],\"padding\":\"SAME\"},"
        "{\"op\":\"maskedrelu\",\"mask\":[[[[0,1]],[[-1,0]],[[1,0]]]]},{\"op\":\"skip\",\"layers\":"
        "["
        "{\"op\":\"identity\"},{\"op\":\"conv\",\"weight\":[[[[1,0],[0,1]]]],\"bias\":[1,2]}]},"
        "{\"op\":\"relu\"},{\"op\":\"maxpool\",\"kernel_shape\":[2,1],\"stride\":1,\"padding\":[0,"
        "1,0,0]},"
        "{\"op\":\"flatten\",\"perm\":[0,3,1,2]},{\"op\":\"dense\",\"weight\":[[1],[2],[3],[4],[5],"
        "[6]]},"
        "{\"op\":\"add\",\"inputs\":[\"dense_7\",\"c\"]}],\"outputs\":[\"add_8\",\"c\"]}");
    add_text(NETJSON,
             "{\"netmip\":\"network\",\"version\":1,\"arrays\":\"models/digits-pool.mat\",\"axes\":"
             "{\"matrix\":\"IO\"},\"input\":{\"shape\":[20]},\"layers\":[{\"op\":\"dense\","
             "\"from\":\"logits\"},{\"op\":\"add\",\"value\":\"logits/bias\"}]}");
    add_file(NNET, "models/tiny-xor.nnet");
    add_text(NNET, "2,2,1,2\n2,1,1\n0\n0,-1\n1,1\n0,0,0\n1,1,1\n1,-0.5\n0.25\n3e0\n-1\n\n");
    add_text(NNET, "// one\r\n//two\r\n1,1,3,3,\r\n1,3,\r\n0,\r\n0,\r\n1,\r\n0.5, 1,\r\n2, "
                   "4,\r\n1,\r\n2,\r\n3,\r\n0,\r\n0,\r\n1,\r\n");
    add_text(NNET, "2,2,1,2\n2,1,1\nextraneous\n-9\n9\n0\n1\n1,-0.5\n0.25\n3e0\n-1\n");
    add_text(NNET, "1,1,2,2,,\n1,2,\n0,\n0,1,2,\n1,2,3,\n0.5,7,8,9,\n2,3,4,5,\n// c\n1,\n2,\n3,4,\n");
}

/* ---- files of arrays, byte by byte ---- */

typedef struct {
    unsigned char p[4096];
    size_t n;
    bool big;
} bytes;

static void put_int(bytes *b, uint64_t x, int size)
{
    for (int i = 0; i < size; i++)
        b->p[b->n++] = (unsigned char)((b->big ? size - 1 - i : i) < 8
                                           ? x >> 8 * (b->big ? size - 1 - i : i)
                                           : 0);
}

static void put_all(bytes *b, const void *p, size_t n)
{
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

/* n numbers of a type, padded */
static void put_element(bytes *b, unsigned type, int size, size_t n, const uint64_t *x)
{
    put_int(b, type, 4);
    put_int(b, (uint64_t)size * n, 4);
    for (size_t i = 0; i < n; i++) put_int(b, x[i], size);
    while (b->n % 8) b->p[b->n++] = 0;
}

static bytes mat_array(bool big, const char *name, unsigned class, unsigned type, int size,
                       const uint64_t *x)
{
    bytes in = {.big = big}, out = {.big = big};
    put_element(&in, 6, 4, 2, (uint64_t[]){class, 0});
    put_element(&in, 5, 4, 2, (uint64_t[]){2, 3});
    put_int(&in, (uint64_t)strlen(name) << 16 | 1, 4); /* a small element */
    put_all(&in, name, 4);
    put_element(&in, type, size, 6, x);
    put_int(&out, 14, 4);
    put_int(&out, in.n, 4);
    put_all(&out, in.p, in.n);
    return out;
}

static void built_in_mat(bool big, bool packed)
{
    static const uint64_t doubles[] =
        {0, UINT64_C(0x3ff0000000000000), UINT64_C(0xc000000000000000), 0, 0, 0},
                          floats[] = {0, 0x3f800000, 0xc0000000, 0x3e800000, 0, 0},
                          ints[] = {0, 1, 2, 0xff, 0x7f, 0x80};
    bytes b = {.big = big};
    put_all(&b, "MATLAB 5.0 MAT-file", 19);
    while (b.n < 124) b.p[b.n++] = ' ';
    put_int(&b, 0x100, 2);
    put_int(&b, 0x4d49, 2);
    const bytes all[] = {
        mat_array(big, "a/w\0", 6, 9, 8, doubles), mat_array(big, "b\0\0\0", 7, 7, 4, floats),
        mat_array(big, "c\0\0\0", 8, 1, 1, ints), mat_array(big, "t\0\0\0", 4, 4, 2, ints)};
    for (size_t i = 0; i < 4; i++) {
        unsigned char z[1024];
        uLongf n = sizeof z;
        if (packed) {
            compress(z, &n, all[i].p, all[i].n);
            put_int(&b, 15, 4);
            put_int(&b, n, 4);
        }
        put_all(&b, packed ? z : all[i].p, packed ? n : all[i].n);
    }
    add(MAT5, b.p, b.n);
}

static void built_in_mat4(bool big)
{
    static const uint64_t x[] = {UINT64_C(0x3ff0000000000000), 7, 9};
    bytes b = {.big = big};
    for (uint64_t k = 0; k < 3; k++) { /* a double, an integer of two bytes, a text */
        put_int(&b, (big ? 1000 : 0) + (k == 1 ? 30 : k == 2 ? 1 : 0), 4);
        put_int(&b, 1, 4);
        put_int(&b, 1, 4);
        put_int(&b, 0, 4);
        put_int(&b, 3, 4);
        put_all(&b, k == 0 ? "aw" : k == 1 ? "bw" : "cw", 3);
        put_int(&b, x[k], k == 1 ? 2 : 8);
    }
    add(MAT4, b.p, b.n);
}

/* two arrays, the second one packed, in a file that HDF5 writes to memory */
static void built_in_mat73(void)
{
#define WRITERS(F)                                                                                 \
    F(H5open)                                                                                      \
    F(H5Pcreate) F(H5Pset_fapl_core) F(H5Pset_userblock) F(H5Pset_chunk) F(H5Pset_deflate)         \
        F(H5Fcreate) F(H5Screate_simple) F(H5Dcreate2) F(H5Dwrite) F(H5Fflush)                     \
            F(H5Fget_file_image) F(H5P_CLS_FILE_ACCESS_ID_g) F(H5P_CLS_FILE_CREATE_ID_g)           \
                F(H5P_CLS_DATASET_CREATE_ID_g) F(H5T_NATIVE_DOUBLE_g)
#define AS_POINTER(name) __typeof__(name) *name;
#define AS_NAME(name)    #name,
    static const char *const names[] = {WRITERS(AS_NAME)};
    static const double x[2][3] = {{1, 2, 3}, {4, 5.5, -6}};
    struct {
        WRITERS(AS_POINTER)
    } h;
    nm_job *job = nm_job_new();
    nm_library_load(job, "a seed", "libhdf5_serial.so.103", sizeof names / sizeof *names, names,
                    &h);
    h.H5open();
    const hid_t access = h.H5Pcreate(*h.H5P_CLS_FILE_ACCESS_ID_g),
                make = h.H5Pcreate(*h.H5P_CLS_FILE_CREATE_ID_g),
                pack = h.H5Pcreate(*h.H5P_CLS_DATASET_CREATE_ID_g),
                space = h.H5Screate_simple(2, (hsize_t[]){2, 3}, NULL);
    h.H5Pset_fapl_core(access, 4096, 0);
    h.H5Pset_userblock(make, 512);
    h.H5Pset_chunk(pack, 2, (hsize_t[]){2, 2});
    h.H5Pset_deflate(pack, 6);
    const hid_t file = h.H5Fcreate("seed", 2, make, access);
    for (int k = 0; k < 2; k++)
        h.H5Dwrite(
            h.H5Dcreate2(file, k ? "b" : "a", *h.H5T_NATIVE_DOUBLE_g, space, 0, k ? pack : 0, 0),
            *h.H5T_NATIVE_DOUBLE_g, 0, 0, 0, x);
    h.H5Fflush(file, H5F_SCOPE_GLOBAL);
    static unsigned char p[1 << 16];
    const ssize_t n = h.H5Fget_file_image(file, p + 512,
                                          sizeof p - 512); /* without the block before it */
    require(n > 0, "a seed of level 7.3");
    memcpy(p, "MATLAB 7.3 MAT-file", 19);
    memcpy(p + 124, "\0\2IM", 4);
    add(MAT73, p, 512 + (size_t)n);
    nm_job_free(job);
}

static void built_in_npz(bool packed)
{
    static const char npy[] =
        "\x93NUMPY\1\0\x46\0{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }          "
        " \n\0\0\x80\x3f\0\0\0\x40";
    const uLong crc = crc32(0, (const Bytef *)npy, 88);
    unsigned char z[256];
    z_stream s = {
        .next_in = (Bytef *)(uintptr_t)npy, .avail_in = 88, .next_out = z, .avail_out = sizeof z};
    require(deflateInit2(&s, 9, Z_DEFLATED, -15, 8, 0) == Z_OK &&
                deflate(&s, Z_FINISH) == Z_STREAM_END,
            "deflate");
    const size_t n = packed ? s.total_out : 88;
    deflateEnd(&s);
    bytes b = {.big = false};
    put_all(&b, "PK\3\4", 4);
    for (int pass = 0; pass < 2; pass++) { /* the entry, then the directory */
        const size_t at = b.n;
        if (pass) put_all(&b, "PK\1\2\24\0", 6);
        put_int(&b, 20, 2);
        put_int(&b, 0, 2);
        put_int(&b, packed ? 8 : 0, 2);
        put_int(&b, 0x210000, 4);
        put_int(&b, crc, 4);
        put_int(&b, n, 4);
        put_int(&b, 88, 4);
        put_int(&b, 5, 2);
        put_int(&b, 0, pass ? 16 : 2);
        put_all(&b, "w.npy", 5);
        if (!pass) put_all(&b, packed ? (const void *)z : npy, n);
        if (!pass) continue;
        const size_t size = b.n - at;
        put_all(&b, "PK\5\6\0\0\0\0\1\0\1\0", 12);
        put_int(&b, size, 4);
        put_int(&b, at, 4);
        put_int(&b, 0, 2);
    }
    add(NPZ, b.p, b.n);
}

static void built_in_arrays(void)
{
    for (int i = 0; i < 4; i++) built_in_mat(i & 1, i & 2);
    built_in_mat4(false);
    built_in_mat4(true);
    built_in_mat73();
    built_in_npz(false);
    built_in_npz(true);
    add_file(MAT5, "models/digits-pool.mat");
    add_file(NPZ, "models/digits-res.npz");
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
    snprintf(text, sizeof text,
             "%s(assert (<= -1 X_0))(assert (<= X_0 (/ 8 255)))(assert (not (or (< X_1 0) (> X_1 "
             "(/ 3 2)))))(assert (let ((a (+ Y_0 1)) (f (<= Y_1 (/ X_0 2)))) (=> (and f true) "
             "(not (and)) (let ((b (* 2 a)) (Y_0 Y_1)) (or (<= b Y_0) (not f) false)))))\n",
             declare);
    add_text(VNNLIB2,
             "(vnnlib-version <2.0>)\n(declare-network n (declare-input X Real [1,2] "
             "\"x\")(declare-output Y Real [2])"
             "(declare-output Z Real []))\n(assert (and (>= X[0,0] 0) (<= 0 X[0, 1] 1.5)))(assert "
             "(<= X [0,0] 1))\n"
             "(assert (or (and (<= Y[0] (* 2 Y[1])) (== Z 0.5)) (>= (+ Y[0] (- Z) 1) X[0,0])))\n");
    add_text(VNNLIB2,
             "(vnnlib-version <2.0>)(declare-network f (declare-input X real [2]) (declare-output Y "
             "real [1]))\n(declare-network g (equal-to f) (declare-input U real [2]) "
             "(declare-output V real [1]))(declare-network h (isomorphic-to f)(declare-input S Real "
             "[2])(declare-output W Real [1]))\n(assert (and (<= 0 X[0] 1) (<= 0 X[1] 1) (== X[0] "
             "U[0] S[0]) (== S[1] U [1])))(assert (<= 0 U[1] 1))(assert (or (< Y[0] V[0]) (> "
             "W[0] 1)))\n");
    add_text(QUERY, "{\"netmip\":\"query\",\"version\":1,\"n_in\":2,\"n_out\":2,\"cases\":[{\"lo\":"
                    "0,\"hi\":[1,0.5],\"in_rows\":"
                    "[\"X_0 + 2*X_1 <= 1\"],\"clauses\":[[\"Y_0 - Y_1 >= "
                    "0.25*X_0\"],{\"name\":\"b\",\"label\":1,\"rows\":[{\"var\":[0,3],"
                    "\"coef\":[1,-2],\"rhs\":3}]}]},{\"in_rows\":[\"0 <= X_0 <= 1\",\"X_1 = "
                    "0.5\"],\"clauses\":[[\"-Y_0 <= 1e-3\"]]}]}");
    add_text(QUERY,
             "{\"netmip\":\"query\",\"version\":1,\"image\":[0.5,0.25],\"label\":1,\"perturb\":{"
             "\"linf\":0.1},\"domain\":[0,1],"
             "\"target\":{\"not\":[1]},\"margin\":0.5,\"objective\":\"worst\",\"guard\":1e-6}");
    add_text(QUERY, "{\"netmip\":\"query\",\"version\":1,\"image\":[0.5,0.25],\"perturb\":\"free\","
                    "\"lo\":0.25,\"objective\":"
                    "{\"range\":\"2*Y_0 - Y_1 + 3\"}}");
    add_text(QUERY, "{\"netmip\":\"query\",\"version\":1,\"against\":\"@\",\"lo\":-1,\"hi\":1,"
                    "\"differ\":\"class\",\"margin\":0.25}");
    add_text(QUERY, "{\"netmip\":\"query\",\"version\":1,\"n_in\":2,\"n_out\":2,\"label\":0,"
                    "\"image\":[0.5,0.25],"
                    "\"cases\":[{\"lo\":[0,0],\"hi\":[1,1],\"gens\":{\"lo\":[-0.2,0],\"hi\":[0.2,1],\"at\":[0,0.5],"
                    "\"is_image\":true,\"x0\":[0.5,0.25],\"ptr\":[0,1,3],\"idx\":[0,0,1],\"w\":[0.125,-0.125,1],"
                    "\"sums\":[[1,1,1]],\"rows\":[{\"var\":[0,1],\"coef\":[1,1],\"rhs\":2}],\"kernel\":[0,0,0,0]},"
                    "\"in_rows\":[],\"clauses\":[[\"Y_0 <= Y_1\"]]},{\"lo\":0,\"hi\":1,\"in_rows\":[],\"balls\":["
                    "{\"norm\":\"l2\","
                    "\"radius\":0.5},{\"norm\":\"l0\",\"radius\":1,\"centre\":[0,1],\"pixels\":[0,0]}],"
                    "\"clauses\":[{\"name\":\"1\",\"label\":1,\"rows\":[\"Y_0 <= Y_1\"],\"inner\":[-1]}]}]}");
    add_text(VNNLIB2,
             "(vnnlib-version <2.0>)\n(declare-network f (declare-input X Real [2])(declare-output Y Real [2]))\n"
             "(declare-network h (isomorphic-to f)(declare-input U Real [2])(declare-output V Real [2]))\n"
             "(assert (and (<= 0 X[0] 1)(<= 0 X[1] 1)(== X[0] U[0])(<= 0 U[1] 1)))"
             "(assert (or (< Y[0] V[0])(> V[1] 3)))\n");
    add_text(VNNLIB, text);
    add_text(SEXPR, text);
    snprintf(text, sizeof text,
             "%s(assert (or (and (<= X_0 1)(>= X_0 0)(<= X_1 1)(>= X_1 0)(>= Y_0 3))(and (<= X_0 "
             "4)(>= X_0 2)"
             "(<= X_1 1)(>= X_1 0)(<= (- Y_0 Y_1) 3))))\n",
             declare);
    add_text(VNNLIB, text);
}

/* a picture of 19 x 13 */
static void built_in_jpeg(bool colour, bool progressive)
{
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr errors;
    unsigned char *to = NULL, row[19 * 3];
    unsigned long n = 0;
    j.err = jpeg_std_error(&errors);
    jpeg_create_compress(&j);
    jpeg_mem_dest(&j, &to, &n);
    j.image_width = 19;
    j.image_height = 13;
    j.input_components = colour ? 3 : 1;
    j.in_color_space = colour ? JCS_RGB : JCS_GRAYSCALE;
    jpeg_set_defaults(&j);
    if (progressive) jpeg_simple_progression(&j);
    jpeg_start_compress(&j, TRUE);
    for (int i = 0; i < 13; i++) {
        for (int k = 0; k < 19 * 3; k++) row[k] = (unsigned char)(7 * i * i + 11 * k);
        JSAMPROW rows = row;
        jpeg_write_scanlines(&j, &rows, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    add(JPEG, to, n);
    free(to);
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
        "\x93NUMPY\1\0\x46\0{'descr': '<f2', 'fortran_order': False, 'shape': (1, 2), }          "
        "\n\0\x3c\1\0",
        84);
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
    static const uint16_t deep[] = {0, 1, 256, 65535, 32768, 7};
    png_image img = {
        .version = PNG_IMAGE_VERSION, .width = 3, .height = 2, .format = PNG_FORMAT_LINEAR_Y};
    unsigned char wide[512];
    png_alloc_size_t size = sizeof wide;
    require(png_image_write_to_memory(&img, wide, &size, 0, deep, 0, NULL) != 0,
            "a PNG of 16 bits");
    add(PNG, wide, size);
    add(PNG, grey, sizeof grey);
    add(PNG, colour, sizeof colour);
    for (int i = 0; i < 4; i++) built_in_jpeg(i & 1, i & 2);
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
             "\"6028116cde796aa5cea19d83e13b99effae4359890f7dd751232a919b5afe2fb\", \"question\": "
             "{\"netmip\": \"query\", \"version\": 1, \"n_in\": 2, \"n_out\": 2, \"label\": 0, "
             "\"predicted\": 0, "
             "\"guard\": 0, \"objective\": \"feasible\", \"shape\": [1, 2],"
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

static void built_in_models(void)
{
    add_text(USERMPS, "* a user's\nNAME  t\nOBJSENSE\n    MAX\nROWS\n N  cost\n L  r\n G  s\n E  "
                      "t\n N  free\nCOLUMNS\n x  cost  1  r  2\n"
                      " x  free  3\n MARKER  'MARKER'  'INTORG'\n n  r  -1.5  s  1\n MARKER  "
                      "'MARKER'  'INTEND'\n y  s  1e-3  t  -1\nRHS\n"
                      " RHS  cost  3  r  0.5\n RHS  t  -1  s  -5\nRANGES\n RNG  r  1.5  t  -2\nBOUNDS\n "
                      "UP  BND  x  -1\n LI  BND  n  -2\n"
                      " UI  BND  n  3\n FR  BND  y\nENDATA\n");
    add_text(USERMPS, "NAME\nROWS\n N c\n E r\nCOLUMNS\n x c 1 r 1\n b r 2\nRHS\n r 4\nBOUNDS\n BV "
                      "b\n UP x 9\nENDATA\n");
    add_text(USERLP, "\\* a\n user's *\\\nMaximize\n cost: 3 x + y - 2.5 z + 4\nSubject To\n r: -1 "
                     "<= x - y <= 0.5 \\ both\n x + 2 n >= 1\n"
                     " s: 3z = 1.5e0\nBounds\n -2 <= x <= 7\n y free\n z >= -inf\n n <= "
                     "5\nGenerals\n n\nBinaries\n b\nEnd\n");
    add_text(EMBEDDING, "{\"netmip\": \"embedding\", \"version\": 1, \"net\": \"n.onnx\", "
                        "\"net_sha256\": \"ab\", \"into\": \"u.lp\", \"model\": "
                        "\"o.lp\", \"mean\": \"0.5\", \"maximised\": true, \"prefix\": \"nn_\", "
                        "\"encoding\": \"bigm\", \"inputs\": [{\"column\": "
                        "\"x\", \"lo\": 0, \"hi\": 1}], \"outputs\": [{\"column\": null, \"lo\": "
                        "-1, \"hi\": 2}], \"units\": [], \"rows\": 3, "
                        "\"integers\": 1, \"columns\": [\"x\", \"y\"]}");
}

static void built_in(void)
{
    built_in_models();
    built_in_nets();
    built_in_arrays();
    built_in_texts();
    built_in_images();
    built_in_answers();
    built_in_lists();
}
