/* refused.c: operators of the standard that are refused with a reason: no exact piecewise linear program computes them.
 * An operator that is in neither list is refused as unknown. */
#include "network/network.h"
#include "network/operator.h"

#define REFUSED(id, names, why)                                                                    \
    const nm_op nm_op_##id = {names, 0, 1000, 1000, 7, NM_OPSET, NULL, NULL, NULL, why}

REFUSED(smooth,
        "Acos Acosh Asin Asinh Atan Atanh Celu Cos Cosh Elu Erf Exp Gelu GlobalLpPool "
        "GroupNormalization "
        "HardSwish InstanceNormalization LRN LayerNormalization Log LpNormalization LpPool "
        "MeanVarianceNormalization Mish ReduceLogSum ReduceLogSumExp "
        "Selu Sin Sinh Softplus Softsign Swish Tan",
        "not piecewise linear");
REFUSED(jumps,
        "ArgMin Hardmax IsInf IsNaN NonZero OneHot Round Shrink Sign "
        "ThresholdedRelu TopK Unique",
        "not continuous");
REFUSED(quantised,
        "ConvInteger DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul QuantizeLinear",
        "quantised arithmetic rounds: not continuous; a network before quantisation was expected");
REFUSED(control, "GRU LSTM Loop RNN Scan SequenceMap", "recurrence and control flow are not read");
REFUSED(branch, "If", "read from ONNX files alone, where its condition is constant");
REFUSED(random,
        "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike",
        "its output is random");
