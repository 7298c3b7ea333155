/* foreign_file.c: tells what kind of file it is that no reader could read, so that a user who passed it by mistake
 * learns what it is. It is called only after reading failed: a guess must not reject a good file. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

static bool starts(nm_file f, size_t at, const char *magic)
{
    const size_t n = strlen(magic);
    return f.n >= at + n && memcmp(f.data + at, magic, n) == 0;
}

const char *nm_sniff(nm_job *job, nm_file f)
{
    static const struct {
        size_t at;
        const char *magic, *what;
    } known[] = {
        {0, "\x89HDF\r\n\x1a\n", "an HDF5 file without MATLAB's head (Keras)"},
        {0, "MATLAB", "a MATLAB file: named arrays; a .json beside it describes the network"},
        {0, "PK\3\4", "a zip archive (.npz, PyTorch, Keras)"},
        {0, "\x93NUMPY", "a NumPy array"},
        {4, "TFL3", "a TensorFlow Lite model"},
        {0, "GGUF", "a GGUF file"},
        {0, "\x80\2", "a Python pickle (PyTorch)"},
        {0, "\x80\3", "a Python pickle (PyTorch)"},
        {0, "\x80\4", "a Python pickle (PyTorch)"},
        {0, "\x80\5", "a Python pickle (PyTorch)"},
        {8, "{\"", "a safetensors file"},
        {0, "\x89PNG", "a PNG picture"},
        {0, "\xff\xd8\xff", "a JPEG picture"},
        {0, "GIF8", "a GIF picture"},
        {8, "WEBPVP8", "a WebP picture"},
        {0, "%PDF", "a PDF document"},
        {0,
         "\x7f"
         "ELF",
         "a program"},
        {0, "version https://git-lfs", "a Git LFS pointer: the file itself was not fetched"},
        {0, "<!DOCTYPE", "a web page"},
        {0, "<html", "a web page"},
        {0, "<?xml", "an XML file (OpenVINO, PMML)"},
        {0, "(", "a text like VNN-LIB"},
        {0, ";", "a text like VNN-LIB"},
        {0, "netmip proof ", "a certificate of netmip: netmip check reads it"},
        {0, "NAME", "an MPS model"},
        {0, "BZh", "a bzip2 file"},
        {0,
         "\xfd"
         "7zXZ",
         "an xz file"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (starts(f, known[i].at, known[i].magic)) return known[i].what;
    if (nm_mat4_is(f)) return "a MATLAB file: named arrays; a .json beside it describes the network";
    if (f.n == 0) return "an empty file";
    if (nm_has_suffix(f.path, ".pb")) return nm_fmt(job, "a TensorFlow graph, by its name");
    return NULL;
}
