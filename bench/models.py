"""Larger models and data, which are no part of the checkout: where they are, and what fits what.

The folder is the one that the environment variable ``CNNC_MODELS`` names, otherwise
``shared/models`` beside the checkout. It holds ``zoo`` (networks for Fashion-MNIST as ONNX),
``mlperf_tiny`` (the four networks of MLPerf Tiny as int8 .tflite and float ONNX), ``exports`` (more
.tflite files) and ``data`` (their inputs as .npz).
"""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnc.ir.types import AnyArray, Tensor

NOT_IN_TFLITE = {
    "alexnet_s": frozenset({"average_pool3", "div"}),  # local response normalization
    "cnn3d_motion": frozenset({"conv3d", "max_pool3"}),
    "yolox_nano": frozenset({"concat", "reshape"}),  # boxes and scores are joined in float32
}
"""Networks with layers that TFLite cannot express, and which."""

LARGE_IMAGES = 8
"""How many of the enlarged pictures are used."""

MODELS = Path(os.environ.get("CNNC_MODELS") or Path(__file__).parents[2] / "shared" / "models")

FASHION_NETWORKS = (
    "lenet5_bn",
    "lenet_caffe",
    "vgg_s",
    "vgg_bn_s",
    "nin_s",
    "googlenet_s",
    "resnet_s",
    "densenet_s",
    "mobilenetv1_s",
    "mobilenetv2_s",
    "alexnet_s",
    "mobilenetv3_s",
    "shufflenetv2_s",
    "cnn1d_rows",
)

ZOO_DATA = {"tcn_sensor": "tcn_sensor", "cnn3d_motion": "cnn3d_motion", "unet_deconv_s": "unet_seg"}
"""Networks of the zoo with data of their own."""


@dataclass(frozen=True)
class SharedModel:
    """One export of one network, with the data that fit it.

    Attributes:
        name: File stem.
        path: ONNX file.
        calibration: Data file for calibration; None where there is none.
        data: Data file for simulation and accuracy; None where there is none.
        max_drop_points: Percentage points that int8 may lose against float; None if not judged.
        channel_last: Whether the data have to be moved from NCHW to NHWC first.
        sample_shape: What samples of the data have to be reshaped to; None for as they are.
        factor: What the data are multiplied with, and then ``offset`` added.
        inputs: How many samples the engines are compared on.
        not_in_tflite: Kinds of its layers that TFLite cannot express: 3-D windows, layers on real
            numbers.
    """

    name: str
    path: Path
    calibration: Path | None
    data: Path | None
    max_drop_points: float | None
    channel_last: bool = False
    sample_shape: tuple[int, ...] | None = None
    factor: float = 1.0
    offset: float = 0.0
    inputs: int = 100
    not_in_tflite: frozenset[str] = frozenset()

    @property
    def _is_prepared(self) -> bool:
        plain = (self.factor, self.offset) == (1.0, 0.0) and not self.channel_last
        return plain and self.sample_shape is None

    def prepared(self, file: Path | None, folder: Path) -> Path | None:
        """Return a data file in the model's own layout."""
        if file is None or self._is_prepared:
            return file
        arrays = dict(np.load(file, allow_pickle=False))
        x = arrays["x"]
        if self.channel_last:
            x = x.transpose(0, 2, 3, 1)
        if self.sample_shape is not None:
            x = _fitted(x, self.sample_shape)
        scaled: Tensor = x
        arrays["x"] = np.ascontiguousarray(scaled * self.factor + self.offset, np.float32)
        moved = folder / f"{file.stem}_prepared.npz"
        np.savez(moved, **arrays)
        return moved


def shared_models() -> list[SharedModel]:
    """Return every export that must be proven; empty where the folder is missing."""
    return [*_zoo(), *_mlperf_tiny(), *_third_party()] if MODELS.is_dir() else []


def _zoo() -> Iterator[SharedModel]:
    data = MODELS / "data"
    for network, stem in (dict.fromkeys(FASHION_NETWORKS, "fashion") | ZOO_DATA).items():
        for path in sorted((MODELS / "zoo").glob(f"{network}_*.onnx")):
            if path.stem.removeprefix(f"{network}_").split("_")[0] not in (
                "op13",
                "op17",
                "dynamo18",
            ):
                continue
            yield SharedModel(
                path.stem,
                path,
                data / f"{stem}_calibration.npz",
                data / f"{stem}_test.npz",
                0.5,
                sample_shape=(28, 28) if network == "cnn1d_rows" else None,
                not_in_tflite=NOT_IN_TFLITE.get(network, frozenset()),
            )


def _fitted(x: AnyArray, shape: tuple[int, ...]) -> AnyArray:
    """Reshape samples; where the shape is that of larger images, enlarge and crop the first few."""
    if math.prod(x.shape[1:]) == math.prod(shape):
        return x.reshape(len(x), *shape)
    rows, cols = shape[1:]
    times = max(-(-rows // x.shape[2]), -(-cols // x.shape[3]))
    large = x[:LARGE_IMAGES].repeat(times, axis=2).repeat(times, axis=3)
    return large[:, :, :rows, :cols]


def _third_party() -> Iterator[SharedModel]:
    """Models of other makers; those that take pictures get crops of pictures, enlarged."""
    folder, data = MODELS / "third_party", MODELS / "data"
    crops = data / "vww_calibration_crops.npz"
    pictures = {
        "espcn_x3_nnresize": ((3, 128, 128), 1.0, 0.0),
        "fastestdet": ((3, 352, 352), 1.0, 0.0),
        "ultraface_rfb320": ((3, 240, 320), 255 / 128, -127 / 128),
        "yolox_nano": ((3, 416, 416), 255.0, 0.0),
        "yunet_s_320": ((3, 320, 320), 255.0, 0.0),
    }
    for name, (shape, factor, offset) in pictures.items():
        path = folder / f"{name}.onnx"
        yield SharedModel(
            name,
            path,
            crops,
            crops,
            None,
            False,
            shape,
            factor,
            offset,
            inputs=1,
            not_in_tflite=NOT_IN_TFLITE.get(name, frozenset()),
        )
    for name in ("micro_kws_m_static_qdq", "onnx2c_mnist8", "onnx2c_mnist_pytorch"):
        yield SharedModel(name, folder / f"{name}.onnx", None, None, None, inputs=10)
    words = data / "kws_test.npz"
    kws = folder / "kaijiang_kws_q.onnx"
    yield SharedModel(kws.stem, kws, None, words, 1.0, sample_shape=(490,), inputs=10)
    resnet = folder / "kaijiang_ic_resnet_q.onnx"
    images = data / "ic_calibration_crops.npz"
    yield SharedModel(resnet.stem, resnet, None, images, None, channel_last=True, inputs=10)


def _mlperf_tiny() -> Iterator[SharedModel]:
    data = MODELS / "data"
    crops = {kind: data / f"{kind}_calibration_crops.npz" for kind in ("ic", "vww")}
    networks = (
        # On crops without labels a loss of 3 points is an agreement of 97 % with float.
        ("ic_resnet8", crops["ic"], crops["ic"], 3.0),
        ("vww_mobilenetv1_025_96", crops["vww"], crops["vww"], 3.0),
        ("kws_dscnn", data / "kws_calibration.npz", data / "kws_test.npz", 1.0),
    )
    for stem, calibration, test, drop in networks:
        for layout in ("nchw_bn", "nchw", "nhwc"):
            path = MODELS / "mlperf_tiny" / f"{stem}_{layout}.onnx"
            yield SharedModel(path.stem, path, calibration, test, drop, layout == "nhwc")
    path = MODELS / "mlperf_tiny" / "ad_fc_autoencoder.onnx"
    yield SharedModel(path.stem, path, None, None, None)
