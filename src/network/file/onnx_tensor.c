/* onnx_tensor.c: tensors of ONNX files: element types, and elements in raw bytes, typed fields, files beside the model
 * (onnx_external.c) or sparse.
 *
 * Every element becomes a double: float16, bfloat16, float32 and integers of up to 32 bits exactly, 64-bit integers
 * (shapes, and ends as large as 2^63) as the nearest double. Integers of 4 bits are stored two in a byte, the first in
 * the low half. A sparse tensor gives the place of each element by one index, or by a row of indices, in rising order;
 * all other elements are 0. Sizes are multiplied with overflow checks and compared with the bytes present before
 * anything is allocated. NaN is refused, and so is an infinity unless it is the tensor's only element. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "network/file/file.h"
#include "network/file/onnx_file.h"

enum { FLOAT = 1, UINT32 = 12, UINT64 = 13, INT64 = 7, DOUBLE = 11 };

/* Indexed by TensorProto.DataType; bits 0: not supported. */
static const struct {
    const char *name;
    int bits;
    nm_dtype type;
} types[] = {{"undefined", 0, NM_F32},
             {"float32", 32, NM_F32},
             {"uint8", 8, NM_U8},
             {"int8", 8, NM_I8},
             {"uint16", 16, NM_U16},
             {"int16", 16, NM_I16},
             {"int32", 32, NM_I64},
             {"int64", 64, NM_I64},
             {"string", 0, NM_F32},
             {"bool", 8, NM_BOOL},
             {"float16", 16, NM_F16},
             {"float64", 64, NM_F64},
             {"uint32", 32, NM_U32},
             {"uint64", 64, NM_U64},
             {"complex64", 0, NM_F32},
             {"complex128", 0, NM_F32},
             {"bfloat16", 16, NM_BF16},
             {"float8e4m3fn", 0, NM_F32},
             {"float8e4m3fnuz", 0, NM_F32},
             {"float8e5m2", 0, NM_F32},
             {"float8e5m2fnuz", 0, NM_F32},
             {"uint4", 4, NM_U4},
             {"int4", 4, NM_I4},
             {"float4e2m1", 0, NM_F32},
             {"float8e8m0", 0, NM_F32},
             {"uint2", 0, NM_F32},
             {"int2", 0, NM_F32}};
enum { N_TYPES = sizeof types / sizeof *types, INT32 = 6 };

const char *nm_onnx_type_name(nm_job *job, int code)
{
    if (code >= 0 && code < N_TYPES) return types[code].name;
    return nm_fmt(job, "with the unknown number %d", code);
}

bool nm_onnx_type(int code, nm_dtype *type)
{
    if (code < 0 || code >= N_TYPES || !types[code].bits) return false;
    *type = types[code].type;
    return true;
}

static double half(uint64_t bits)
{
    const int exponent = bits >> 10 & 31;
    const double part = (double)(bits & 1023), sign = bits >> 15 & 1 ? -1 : 1;
    if (exponent == 31) return part != 0 ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexp(1024 + part, exponent - 25) : ldexp(part, -24));
}

static double single(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, 4);
    return (double)f;
}

static double whole(uint64_t bits, int n, bool has_sign)
{
    const uint64_t top = (uint64_t)1 << (n - 1), mask = top | (top - 1);
    if (!has_sign || !(bits & top)) return (double)(bits & mask);
    return -(double)((~bits & mask) + 1);
}

/* Returns the element that these bits encode. */
static double number_of(int code, uint64_t bits)
{
    double d;
    switch (types[code].type) {
    case NM_F16: return half(bits);
    case NM_BF16: return single((uint32_t)bits << 16);
    case NM_F32: return single((uint32_t)bits);
    case NM_BOOL: return bits != 0;
    case NM_F64: memcpy(&d, &bits, 8); return d;
    default: return whole(bits, types[code].bits, types[code].name[0] == 'i');
    }
}

static double from_bytes(const uint8_t *p, int code, size_t i)
{
    const int size = types[code].bits / 8;
    uint64_t bits = 0;
    if (!size) return number_of(code, (uint64_t)(p[i / 2] >> (i % 2 ? 4 : 0) & 15));
    for (int k = size - 1; k >= 0; k--) bits = bits << 8 | p[i * (size_t)size + (size_t)k];
    return number_of(code, bits);
}

static size_t typed_count(const NmPb__Tensor *t)
{
    return t->data_type == FLOAT                              ? t->n_float_data
           : t->data_type == DOUBLE                           ? t->n_double_data
           : t->data_type == INT64                            ? t->n_int64_data
           : t->data_type == UINT32 || t->data_type == UINT64 ? t->n_uint64_data
                                                              : t->n_int32_data;
}

static double from_fields(const NmPb__Tensor *t, int code, size_t i)
{
    if (code == FLOAT) return (double)t->float_data[i];
    if (code == DOUBLE) return t->double_data[i];
    if (code == INT64) return (double)t->int64_data[i];
    if (code == UINT32 || code == UINT64) return number_of(code, t->uint64_data[i]);
    if (types[code].bits == 4)
        return number_of(code, (uint64_t)(uint32_t)t->int32_data[i / 2] >> (i % 2 ? 4 : 0) & 15);
    return number_of(code, (uint64_t)(uint32_t)t->int32_data[i]);
}

/* Works out shape and size, before any element is read. */
static nm_value shaped(const nm_onnx *o, const char *name, size_t rank, const int64_t *dims)
{
    nm_value v = {.name = name, .maker = -1, .n = 1};
    if (rank > NM_MAXRANK)
        nm_throw(o->job, NM_EUNSUP, "%s: tensor \"%s\" has %zu dimensions; %d at most are read",
                 o->f.path, name, rank, NM_MAXRANK);
    for (size_t i = 0; i < rank; i++) {
        if (dims[i] < 0)
            nm_throw(o->job, NM_EINPUT, "%s: tensor \"%s\": dimension %lld", o->f.path, name,
                     (long long)dims[i]);
        v.shape.dim[v.shape.rank++] = dims[i];
        v.n = nm_mul_in(o->job, nm_fmt(o->job, "%s: tensor \"%s\"", o->f.path, name), v.n,
                        (size_t)dims[i]);
    }
    return v;
}

static void check_finite(const nm_onnx *o, const nm_value *v, size_t i, double x)
{
    if (isnan(x) || (isinf(x) && v->n > 1)) /* a single infinity may mean "no end" of a Clip */
        nm_throw(o->job, NM_EINPUT, "%s: tensor \"%s\": element %zu is not finite", o->f.path,
                 v->name, i);
}

nm_value nm_onnx_tensor(nm_onnx *o, const NmPb__Tensor *t, const char *name)
{
    const int code = t->data_type;
    nm_value v = shaped(o, name, t->n_dims, t->dims);
    if (!nm_onnx_type(code, &v.type))
        nm_throw(o->job, NM_EUNSUP,
                 "%s: tensor \"%s\" has element type %s, which is not read; floats of 16 bits or "
                 "more, integers or bool were expected",
                 o->f.path, name, nm_onnx_type_name(o->job, code));
    const size_t bytes = types[code].bits == 4
                             ? v.n / 2 + v.n % 2
                             : nm_mul_in(o->job, o->f.path, v.n, (size_t)types[code].bits / 8);
    const uint8_t *raw = t->has_raw_data ? t->raw_data.data : NULL;
    if (t->data_location) {
        if (t->data_location != 1 || t->has_raw_data)
            nm_throw(o->job, NM_EINPUT, "%s: tensor \"%s\" has its data in two places", o->f.path,
                     name);
        raw = nm_onnx_external(o, t, name, bytes);
    } else if (t->n_external_data) {
        nm_throw(o->job, NM_EINPUT,
                 "%s: tensor \"%s\" names external data but is not marked as external", o->f.path,
                 name);
    } else {
        const size_t have = t->has_raw_data ? t->raw_data.len : typed_count(t),
                     want = t->has_raw_data || types[code].bits == 4 ? bytes : v.n;
        if (have != want)
            nm_throw(o->job, NM_EINPUT, "%s: tensor \"%s\": %zu %s; %zu were expected", o->f.path,
                     name, have, t->has_raw_data ? "bytes" : "elements", want);
    }
    double *x = NM_RAW(o->job, double, v.n);
    for (size_t i = 0; i < v.n; i++) {
        x[i] = raw ? from_bytes(raw, code, i) : from_fields(t, code, i);
        check_finite(o, &v, i, x[i]);
    }
    v.data = x;
    return v;
}

/* Returns the place of value i in the dense tensor; -1: outside of the shape. */
static double place_of(const nm_value *v, const nm_value *indices, size_t i)
{
    if (indices->shape.rank == 1) return indices->data[i];
    double at = 0;
    for (int d = 0; d < v->shape.rank; d++) {
        const double k = indices->data[i * (size_t)v->shape.rank + (size_t)d];
        if (!(k >= 0 && k < (double)v->shape.dim[d])) return -1;
        at = at * (double)v->shape.dim[d] + k;
    }
    return at;
}

nm_value nm_onnx_sparse(nm_onnx *o, const NmPb__SparseTensor *t, const char *name)
{
    nm_value v = shaped(o, name, t->n_dims, t->dims);
    if (!t->values || !t->indices)
        nm_throw(o->job, NM_EINPUT, "%s: sparse tensor \"%s\" has no values or no indices",
                 o->f.path, name);
    const nm_value values = nm_onnx_tensor(o, t->values, name),
                   indices = nm_onnx_tensor(o, t->indices, nm_fmt(o->job, "%s.indices", name));
    const bool flat = indices.shape.rank == 1 && indices.n == values.n,
               rows = indices.shape.rank == 2 && indices.shape.dim[0] == (int64_t)values.n &&
                      indices.shape.dim[1] == v.shape.rank;
    if (values.shape.rank != 1 || indices.type != NM_I64 || (!flat && !rows))
        nm_throw(o->job, NM_EINPUT, "%s: sparse tensor \"%s\": indices %s do not fit values %s",
                 o->f.path, name, nm_shape_print(o->job, indices.shape),
                 nm_shape_print(o->job, values.shape));
    if (v.n > (1u << 27)) /* a small file could ask for any amount of memory */
        nm_throw(o->job, NM_EUNSUP,
                 "%s: sparse tensor \"%s\" has %zu elements; 2^27 at most are read", o->f.path,
                 name, v.n);
    double *x = NM_ARRAY(o->job, double, v.n), last = -1;
    for (size_t i = 0; i < values.n; i++) {
        const double at = place_of(&v, &indices, i);
        if (!(at > last && at < (double)v.n))
            nm_throw(o->job, NM_EINPUT,
                     "%s: sparse tensor \"%s\": index %zu is out of its shape %s or not in rising "
                     "order",
                     o->f.path, name, i, nm_shape_print(o->job, v.shape));
        x[(size_t)at] = values.data[i];
        check_finite(o, &v, i, values.data[i]);
        last = at;
    }
    v.type = values.type;
    v.data = x;
    return v;
}
