"""Messages become frames and come back the same; what is no message is refused by a sentence."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from network import codec, schema

NAMES = st.text(max_size=12)
NUMBERS = st.floats(allow_nan=False)
ARRAYS = st.sampled_from(sorted(codec.DTYPES)).flatmap(
    lambda dtype: hnp.arrays(np.dtype(dtype), hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5))
)
KEYS = st.builds(schema.BlockKey, NAMES, st.integers(0, 1 << 40), st.integers(-1, 9000), st.booleans())
MESSAGES = st.one_of(
    st.builds(schema.FluxBlock, NAMES, NAMES, KEYS, NUMBERS, NUMBERS, ARRAYS),
    st.builds(
        schema.Clock, NAMES, NUMBERS, NUMBERS, NUMBERS,
        st.dictionaries(NAMES, st.integers(0, 99)), st.dictionaries(NAMES, KEYS),
    ),
    st.builds(
        schema.ChooseLayers, NAMES, NAMES, st.integers(0, 99), NAMES,
        st.lists(st.builds(schema.LayerChoice, NAMES, st.dictionaries(NAMES, NUMBERS), NAMES)).map(tuple),
    ),
    st.builds(schema.Answer, NAMES, st.integers(0, 9)),
)  # fmt: skip


def same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, msgspec.Struct):
        return type(a) is type(b) and all(same(getattr(a, f), getattr(b, f)) for f in a.__struct_fields__)
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    return a == b


def block(values: np.ndarray) -> schema.FluxBlock:
    return schema.FluxBlock("a", "pv_w", schema.BlockKey("run", 3, 11, False), 3600.0, 0.0, values)


def over_the_wire(message: schema.Message) -> list[bytes]:
    return [bytes(f) for f in codec.encode(message)]


@given(st.lists(MESSAGES, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_messages_come_back_the_same_alone_and_in_a_row(messages: list[schema.Message]) -> None:
    for message in messages:
        assert same(message, codec.decode(over_the_wire(message)))
    together = [bytes(f) for f in codec.encode_all(messages)]
    assert all(map(same, messages, codec.decode_all(together)))


def test_an_array_of_every_kind_of_memory_order_travels() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    for odd in (values.T, values[:, ::2], np.asfortranarray(values)):
        assert (codec.decode(over_the_wire(block(odd))).values == odd).all()  # type: ignore[union-attr]


def test_decoded_arrays_cannot_be_written() -> None:
    for frames in (over_the_wire(block(np.ones((2, 2)))), [bytearray(f) for f in codec.encode(block(np.ones((2, 2))))]):
        with pytest.raises(ValueError, match="read-only"):
            codec.decode(frames).values[0, 0] = 2.0  # type: ignore[union-attr]


def test_objects_and_foreign_byte_order_do_not_travel() -> None:
    for values in (np.array([object()]), np.ones(2, dtype=">f8"), np.array(["a"])):
        with pytest.raises(TypeError, match="cannot be sent"):
            codec.encode(block(values))


def test_a_short_frame_names_what_was_promised() -> None:
    header, values = over_the_wire(block(np.zeros((26, 4), np.float32)))
    with pytest.raises(codec.BadFrames, match=r"<f4 \[26, 4\] = 416 bytes, the frame holds 412"):
        codec.decode([header, values[:-4]])
    with pytest.raises(codec.BadFrames, match="frame 1, of 1"):
        codec.decode([header])
    with pytest.raises(codec.BadFrames, match="3 frames came, its header names 2"):
        codec.decode([header, values, b"more"])


def test_an_unknown_message_is_refused_by_name() -> None:
    with pytest.raises(codec.BadFrames, match="Nope"):
        codec.decode([msgspec.msgpack.encode({"type": "Nope"})])
    with pytest.raises(codec.BadFrames):
        codec.decode([])


@given(st.binary(max_size=60), st.integers(0, 200))
@settings(max_examples=200, deadline=None)
def test_no_garbage_gets_past_the_door(noise: bytes, cut: int) -> None:
    header, values = over_the_wire(block(np.zeros((2, 3))))
    spoilt = header[:cut] + noise + header[cut + len(noise) :]
    for frames in ([noise], [spoilt, values], [header[:cut], values], [header, noise]):
        try:
            codec.decode(frames)
        except codec.BadFrames as e:
            assert str(e)


def test_no_topic_is_the_beginning_of_another() -> None:
    topics = [codec.topic(of(q)) for q in ("surplus_w", "surplus_w_m2", "line_w", "line_loading")]
    topics.append(codec.topic(schema.Answer()))
    assert topics[0] == codec.flux_topic("a", "surplus_w")
    assert not [(a, b) for a in topics for b in topics if a != b and b.startswith(a)]


def of(quantity: str) -> schema.FluxBlock:
    return schema.FluxBlock("a", quantity, schema.BlockKey("", 0, 0, True), 1.0, 0.0, np.zeros(1))
