/* more_seeds.h: seeds of fuzz_readers for models that netmip wrote, lists of images and labels, and known bounds. */
static void built_in_certificates(void)
{
    add_text(PROOF, "claim holds\ncase 0\ncrown\nclose 1 0\nsplit 1 0\ncrown\nclose 0 0\nelse\n"
                    "crown\nsplit 1 0.5\ncrown\nclose 0 0\nelse\ncrown\nclose 0 0\nend\nend\nend\n");
    add_text(PROOF, "claim holds\ncase 0\ncrown\nclose 1 0\ntarget 0 0\ncut\nsplit 1 0\ncrown\nclose 0 0\nelse\n"
                    "cut\ncrown\nsplit 1 0.5\ncrown\nclose 0 0\nelse\nbranch 2 0\nslopes 2:0A1Q 4:0gA1BC\nbetas 0.001\n"
                    "crown\nclose 0 0\nelse\nbetas 1e-3\ncrown\nclose 0 0\nend\nend\nend\nend\nend\n\n");
    add_text(PROOF, "claim violated\nwitness 0 0 1 1 ");
}

static void built_in_lists(void)
{
    add_text(
        MODELMPS,
        "NAME  m\nROWS\n N  OBJROW\n L  a\n E  b\nCOLUMNS\n x0  OBJROW  -2\n x0  a  "
        "1\n x0  b  1\n"
        " MARKER  'MARKER'  'INTORG'\n z  a  0.5\n MARKER  'MARKER'  'INTEND'\n v  b  -1\n mark_12 "
        " OBJROW  0\n"
        "RHS\n RHSSET  a  1.5\n RHSSET  b  -0.25\nBOUNDS\n LO  BNDSET  x0  -1\n"
        " UP  BNDSET  x0  1\n BV  BNDSET  z\n LO  BNDSET  v  -2\n UP  BNDSET  v  2\n FX  BNDSET  mark_12  1\nENDATA\n");
    add_text(MODELLP, "\\ mark_12\nMinimize\n obj: - 2 x0 + 0 v + 0 s + 0 z + 0 mark_12\nSubject To\n a: + 1 "
                      "x0 - 1 v <= 1.5\n"
                      " b: + 1 v + 0.5 z >= -1\n c: + 1 x0 + 1 s = 0\nBounds\n -1 <= x0 <= 1\n v "
                      "free\n 0 <= s <= 0.5\n mark_12 = 1\n"
                      "Binaries\n z\nSOS\n s1: S1 :: v : 1 s : 2\nEnd\n");
    add_text(MODELLP, "\\ m\nMinimize\n obj: + 1 x + 0 y + 0 z + [ + 2 x ^ 2 - 4 x * y ] / 2\nSubject "
                      "To\n q: + 1 x + [ + 1 x^2 + 3 y ^ 2 ] <= "
                      "4\nBounds\n -1 <= x <= 1\n y free\nGenerals\n y\nBinaries\n z\nEnd\n");
    add(IMAGES, "\0\0\x08\x03\0\0\0\2\0\0\0\2\0\0\0\2\1\2\3\4\5\6\7\xff", 24);
    add_text(LIST, "3\n0\n 7\n");
    add(LIST, "\0\0\x08\1\0\0\0\3\0\1\2", 11);
    add_text(BOUNDS, "{\"netmip\": \"bounds\", \"version\": 1, \"net_sha256\": \"ab\", "
                     "\"query_sha256\": \"cd\", \"cases\": [{\"case\": 0, "
                     "\"blocks\": [{\"block\": 0, \"kind\": \"input\", \"lo\": [-1, null], \"hi\": "
                     "[1, 2.5], \"by\": [\"input\", \"input\"]}]}]}");
    add_text(BOUNDS, "case,block,unit,lo,hi,by\n0,1,0,-1,2.5,crown\n\n0,1,1,-inf,inf,alpha\n");
    unsigned char *records = calloc(2, 3073);
    require(records != NULL, "memory for a seed");
    records[3073] = 9;
    add(CIFAR, records, (size_t)2 * 3073);
    free(records);
    add_text(PICTURE, "P6 2 2 255\naaabbbcccddd");
    add_text(PICTURE, "P5 2 2 255\nabcd");
    add_text(PICTURE, "P2 8 1 255\n1 2 3 4 5 6 7 8\n");
    built_in_certificates();
}
