"""Steinebach's stiffly accurate, L-stable Rosenbrock method of order 5 with its fourth-order interpolant.

Written for W = I/(h gamma) - J: stage s solves W U_s = f(t + NODES_s h, y + sum A_sj U_j) + sum C_sj U_j / h + SLOPES_s h df/dt.
Stages 7 and 8 start from the stage before; the last one is the error estimate. NODES and SLOPES follow from A and C.
Source: G. Steinebach, Construction of Rosenbrock-Wanner method Rodas5P and numerical benchmarks within the Julia Differential
Equations package, BIT Numer. Math. 63 (2023) 27. The order is checked by test.
"""

import numpy as np

GAMMA = 0.21193756319429014

A = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [3.0, 0.0, 0.0, 0.0, 0.0],
        [2.849394379747939, 0.45842242204463923, 0.0, 0.0, 0.0],
        [-6.954028509809101, 2.489845061869568, -10.358996098473584, 0.0, 0.0],
        [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641, 0.0],
        [-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946],
    ]
)

C = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [-14.155112264123755, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [-17.97296035885952, -2.859693295451294, 0.0, 0.0, 0.0, 0.0, 0.0],
        [147.12150275711716, -1.41221402718213, 71.68940251302358, 0.0, 0.0, 0.0, 0.0],
        [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306, 0.0, 0.0, 0.0],
        [24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471, 0.0, 0.0],
        [
            30.91273214028599,
            -3.1208243349937974,
            77.79954646070892,
            34.28646028294783,
            -19.097331116725623,
            -28.087943162872662,
            0.0,
        ],
        [
            37.80277123390563,
            -3.2571969029072276,
            112.26918849496327,
            66.9347231244047,
            -40.06618937091002,
            -54.66780262877968,
            -9.48861652309627,
        ],
    ]
)

DENSE = np.array(
    [
        [
            25.948786856663858,
            -2.5579724845846235,
            10.433815404888879,
            -2.3679251022685204,
            0.524948541321073,
            1.1241088310450404,
            0.4272876194431874,
            -0.17202221070155493,
        ],
        [
            -9.91568850695171,
            -0.9689944594115154,
            3.0438037242978453,
            -24.495224566215796,
            20.176138334709044,
            15.98066361424651,
            -6.789040303419874,
            -6.710236069923372,
        ],
        [
            11.419903575922262,
            2.8879645146136994,
            72.92137995996029,
            80.12511834622643,
            -52.072871366152654,
            -59.78993625266729,
            -0.15582684282751913,
            4.883087185713722,
        ],
    ]
)
"""y(t + theta h) = y + theta (y1 - y) + theta (1 - theta) (D1 + theta (D2 + theta D3)), D = DENSE U."""

INTERPOLANT = np.zeros((10, 4))
"""Row s holds the coefficients of theta to theta^4 in the weight of stage s; the first and last row, of rates, have none."""
INTERPOLANT[1:9] = np.column_stack([DENSE[0], DENSE[1] - DENSE[0], DENSE[2] - DENSE[1], -DENSE[2]])


def _times_and_slopes() -> tuple[np.ndarray, np.ndarray]:
    """Row sums of the classical coefficients, from the transformed ones (Hairer & Wanner, Solving ODEs II, IV.7)."""
    stages = len(C)
    full_c, full_a = np.zeros((stages, stages)), np.zeros((stages, stages))
    full_c[:, : C.shape[1]], full_a[: len(A), : A.shape[1]] = C, A
    full_a[6] = [*A[5], 1.0, 0.0, 0.0]
    full_a[7] = [*A[5], 1.0, 1.0, 0.0]
    gamma = np.linalg.inv(np.eye(stages) / GAMMA - full_c)
    return (full_a @ gamma).sum(axis=1), gamma.sum(axis=1)


NODES, SLOPES = (np.where(np.abs(row) < 1e-12, 0.0, row) for row in _times_and_slopes())
