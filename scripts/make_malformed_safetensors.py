#!/usr/bin/env python3
"""Writes malformed safetensors files, and valid ones at the edge, each with its verdict.

    scripts/make_malformed_safetensors.py FOLDER                  writes them, with FOLDER/verdicts.json
    scripts/make_malformed_safetensors.py FOLDER --reference      also asks the safetensors package of Python
    scripts/make_malformed_safetensors.py FOLDER --reader COMMAND also runs COMMAND PATH for each: exit status 0 means accepted

verdicts.json is a list of {"path", "verdict": "accept" | "refuse", "reference": the same, for the reference reader}.
Where the two differ we are stricter, on purpose: see docs/file-formats.md. The same kinds, written in C++, are
tests/core/safetensors_malformed_test.cpp.
"""
import argparse
import json
import pathlib
import struct
import subprocess
import sys

DTYPE_SIZES = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
               "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8}
GOOD = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'


def packed(header, data=b"", length=None):
    """A file of this header (text or bytes) and data; `length` lies about the header's size."""
    if isinstance(header, str):
        header = header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def tensor(shape="[2]", offsets="[0,8]", dtype='"F32"', name='"a"', more=""):
    return "{%s:{\"dtype\":%s,\"shape\":%s,\"data_offsets\":%s%s}}" % (name, dtype, shape, offsets, more)


def two(first, second, shapes=("[1]", "[1]")):
    entry = '"%s":{"dtype":"F32","shape":%s,"data_offsets":%s}'
    return "{" + entry % ("a", shapes[0], first) + "," + entry % ("b", shapes[1], second) + "}"


def cut_short():
    whole = packed(GOOD, bytes(8))
    for size in [0, 1, 4, 7, 8, 9, 20, 8 + len(GOOD) - 1, 8 + len(GOOD), len(whole) - 1]:
        yield f"cut_after_{size:03}", whole[:size]
    yield "trailing_byte", whole + b"\0"
    yield "trailing_kilobyte", whole + bytes(1024)
    yield "data_without_tensors", packed("{}", b"\0")


def length_lies():
    for name, length in {"zero": 0, "one": 1, "one_less": len(GOOD) - 1, "one_more": len(GOOD) + 1, "into_data": len(GOOD) + 8,
                         "past_end": len(GOOD) + 9, "limit": 100_000_000, "over_limit": 100_000_001, "int32_max": 2**31 - 1,
                         "2_to_32": 2**32, "int64_max": 2**63 - 1, "2_to_63": 2**63, "all_ones": 2**64 - 1, "wraps": 2**64 - 8}.items():
        yield f"length_{name}", packed(GOOD, bytes(8), length)


def bad_json():
    data = bytes(8)
    yield "json_array", packed("[" + GOOD + "]", data)
    yield "json_null", packed("null")
    yield "json_text", packed('"abc"')
    yield "json_unclosed", packed(GOOD[:-1], data)
    yield "json_second_document", packed(GOOD + GOOD, data)
    yield "json_trailing_letter", packed(GOOD + "x", data)
    yield "json_trailing_nul", packed(GOOD + "\0", data)
    yield "json_trailing_comma", packed(GOOD[:-1] + ",}", data)
    yield "json_comment", packed("{/**/" + GOOD[1:], data)
    yield "json_single_quotes", packed(GOOD.replace('"', "'"), data)
    yield "json_nan", packed(tensor(shape="[NaN]"), data)
    yield "json_byte_order_mark", packed(b"\xef\xbb\xbf" + GOOD.encode(), data)
    yield "json_utf16", packed(GOOD.encode("utf-16-le"), data)
    yield "not_utf8_name", packed(b'{"\xff":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', data)
    yield "not_utf8_overlong", packed(b'{"\xc0\xaf":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', data)
    yield "not_utf8_surrogate", packed(b'{"\xed\xa0\x80":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', data)
    yield "lone_surrogate_escape", packed(tensor(name='"\\ud800"'), data)
    yield "raw_newline_in_name", packed(tensor(name='"a\nb"'), data)
    yield "nested_arrays", packed('{"a":' + "[" * 100_000)
    yield "nested_objects", packed('{"a":' * 100_000)
    yield "nested_130_in_metadata", packed('{"__metadata__":' + "[" * 130 + "]" * 130 + "}")


def bad_fields():
    data = bytes(8)
    yield "no_dtype", packed('{"a":{"shape":[2],"data_offsets":[0,8]}}', data)
    yield "no_shape", packed('{"a":{"dtype":"F32","data_offsets":[0,8]}}', data)
    yield "no_offsets", packed('{"a":{"dtype":"F32","shape":[2]}}', data)
    yield "entry_null", packed('{"a":null}')
    yield "entry_list", packed('{"a":[1,2]}')
    yield "entry_text", packed('{"a":"F32"}')
    dtypes = {"unknown": '"F31"', "lower_case": '"f32"', "number": "32", "null": "null", "empty": '""', "space": '"F32 "'}
    shapes = {"number": "2", "text": '"2"', "null": "null", "object": "{}", "negative": "[-2]", "minus_zero": "[-0]",
              "float": "[2.0]", "exponent": "[2e0]", "text_inside": '["2"]', "true_inside": "[true]", "list_inside": "[[2]]",
              "2_to_64": "[18446744073709551616]", "huge_float": "[1e400]"}
    offsets = {"number": "8", "one": "[8]", "three": "[0,8,8]", "text": '["0","8"]', "negative": "[-8,0]", "float": "[0.0,8.0]",
               "reversed": "[8,0]", "null": "null", "object": '{"0":0,"1":8}'}
    metadata = {"list": "[]", "text": '"pt"', "number_value": '{"a":1}', "null_value": '{"a":null}', "nested_value": '{"a":{"b":"c"}}'}
    yield from ((f"dtype_{name}", packed(tensor(dtype=value), data)) for name, value in dtypes.items())
    yield from ((f"shape_{name}", packed(tensor(shape=value), data)) for name, value in shapes.items())
    yield from ((f"offsets_{name}", packed(tensor(offsets=value), data)) for name, value in offsets.items())
    yield from ((f"metadata_{name}", packed('{"__metadata__":%s}' % value)) for name, value in metadata.items())


def bad_sizes():
    data = bytes(8)
    yield "shape_too_small", packed(tensor(shape="[1]"), data)
    yield "shape_too_large", packed(tensor(shape="[3]"), data)
    yield "rank_0_of_8_bytes", packed(tensor(shape="[]"), data)
    yield "empty_of_8_bytes", packed(tensor(shape="[0]"), data)
    yield "product_2_to_64", packed(tensor(shape="[4294967296,4294967296]", offsets="[0,0]"))
    yield "product_wraps_to_2", packed(tensor(shape="[9223372036854775809,2]"), data)
    yield "product_overflow_before_zero", packed(tensor(shape="[9223372036854775807,9223372036854775807,0]", offsets="[0,0]"))
    yield "bytes_wrap_to_8", packed(tensor(shape="[4611686018427387906]"), data)
    yield "offsets_beyond_file", packed(tensor(shape="[4]", offsets="[0,16]"), data)
    yield "offsets_2_to_63", packed(tensor(offsets="[9223372036854775808,9223372036854775816]"), data)
    yield "offsets_all_ones", packed(tensor(shape="[0]", offsets="[18446744073709551615,18446744073709551615]"))


def bad_layout():
    data = bytes(8)
    yield "hole_at_start", packed(tensor(shape="[1]", offsets="[4,8]"), data)
    yield "hole_between", packed(two("[0,4]", "[8,12]"), bytes(12))
    yield "hole_at_end", packed(two("[0,4]", "[4,8]"), bytes(12))
    yield "overlap_whole", packed(two("[0,4]", "[0,4]"), bytes(4))
    yield "overlap_part", packed(two("[0,8]", "[4,12]", ("[2]", "[2]")), bytes(12))
    yield "overlap_inside", packed(two("[0,12]", "[4,8]", ("[3]", "[1]")), bytes(12))
    yield "empty_inside_another", packed(two("[0,8]", "[4,4]", ("[2]", "[0]")), data)
    yield "empty_past_end", packed(tensor(shape="[0]", offsets="[8,8]"))


def stricter():
    """The reference accepts these; we do not."""
    entry = '"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
    yield "duplicate_tensor", packed("{" + entry + "," + entry + "}", bytes(8))
    yield "duplicate_tensor_escaped", packed("{" + entry + "," + entry.replace('"a"', '"\\u0061"') + "}", bytes(8))
    yield "duplicate_metadata_key", packed('{"__metadata__":{"x":"1","x":"2"}}')
    yield "unknown_field", packed(tensor(more=',"comment":"x"'), bytes(8))
    odd = '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}'
    yield "unaligned_offset", packed(odd, bytes(5))
    yield "name_with_nul", packed(tensor(name='"a\\u0000b"'), bytes(8))
    yield "name_of_1025_bytes", packed(tensor(name='"' + "n" * 1025 + '"'), bytes(8))
    yield "rank_9", packed(tensor(shape="[1,1,1,1,1,1,1,1,2]"), bytes(8))
    many = ('"t%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}' % i for i in range(100_001))
    yield "too_many_tensors", packed("{" + ",".join(many) + "}")
    yield "dimension_2_to_63", packed(tensor(shape="[0,9223372036854775808]", offsets="[0,0]"))
    yield "metadata_null", packed('{"__metadata__":null}')


def edge_but_valid():
    data = bytes(8)
    yield "plain", packed(GOOD, data)
    yield "no_tensors", packed("{}")
    yield "only_metadata", packed('{"__metadata__":{"format":"pt"}}')
    yield "empty_metadata", packed('{"__metadata__":{}}')
    yield "padded_with_spaces", packed(GOOD + "   ", data)
    yield "padded_with_newline", packed(GOOD + "\n", data)
    yield "spaces_inside", packed(GOOD.replace(":", " : ").replace(",", " ,\n\t"), data)
    yield "empty_tensor", packed(tensor(shape="[0]", offsets="[0,0]"))
    yield "empty_with_large_dimensions", packed(tensor(shape="[0,4294967296,2147483647]", offsets="[0,0]"))
    yield "empty_between", packed(two("[0,4]", "[4,4]", ("[1]", "[0]")), bytes(4))
    yield "empty_at_start", packed(two("[0,4]", "[0,0]", ("[1]", "[0]")), bytes(4))
    yield "rank_0", packed(tensor(shape="[]", offsets="[0,4]"), bytes(4))
    yield "rank_8", packed(tensor(shape="[1,1,1,1,1,1,1,2]"), data)
    yield "order_reversed", packed(two("[4,8]", "[0,4]"), data)
    yield "fields_reordered", packed('{"a":{"data_offsets":[0,8],"shape":[2],"dtype":"F32"}}', data)
    yield "name_empty", packed(tensor(name='""'), data)
    yield "name_unicode", packed(tensor(name='"\u00fc\u4e2d\U0001f600"'), data)
    yield "name_escaped", packed(tensor(name='"\\u00fc\\n\\""'), data)
    yield "name_of_1024_bytes", packed(tensor(name='"' + "n" * 1024 + '"'), data)
    yield "odd_header_length", packed(GOOD + " " * ((-len(GOOD)) % 8 + 1), data)
    for dtype, size in DTYPE_SIZES.items():
        yield f"dtype_{dtype}", packed(tensor(dtype=f'"{dtype}"', shape="[3]", offsets=f"[0,{3 * size}]"), bytes(3 * size))


def sharded():
    """name, files, verdict: folders with an index. The reference has no reader of these."""
    def shard(*names):
        entries = ('"%s":{"dtype":"F32","shape":[2],"data_offsets":[%d,%d]}' % (name, 8 * i, 8 * i + 8) for i, name in enumerate(names))
        return packed("{" + ",".join(entries) + "}", bytes(8 * len(names)))

    one, other = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    files = {one: shard("a"), other: shard("b")}
    good = {"metadata": {"total_size": 16}, "weight_map": {"a": one, "b": other}}

    def with_map(**changes):
        weights = {**good["weight_map"], **changes}
        return json.dumps({"weight_map": {name: file for name, file in weights.items() if file is not None}})

    yield "good", json.dumps(good), files, "accept"
    yield "no_metadata", with_map(), files, "accept"
    yield "shard_missing", json.dumps(good), {one: files[one]}, "refuse"
    yield "shard_cut_short", json.dumps(good), {**files, other: files[other][:-1]}, "refuse"
    yield "tensor_missing", with_map(c=one), files, "refuse"
    yield "tensor_in_other_shard", with_map(a=other, b=one), files, "refuse"
    yield "tensor_not_in_index", with_map(b=None), {**files, one: shard("a", "b")}, "refuse"
    yield "tensor_in_two_shards", json.dumps(good), {**files, other: shard("a", "b")}, "refuse"
    yield "path_up", with_map(a="../" + one), files, "refuse"
    yield "path_absolute", with_map(a="/etc/passwd"), files, "refuse"
    yield "path_below", with_map(a="x/" + one), files, "refuse"
    yield "path_backslash", with_map(a="x\\" + one), files, "refuse"
    yield "path_dots", with_map(a=".."), files, "refuse"
    yield "path_empty", with_map(a=""), files, "refuse"
    yield "path_nul", with_map(a=one + "\0.safetensors"), files, "refuse"
    yield "path_not_safetensors", with_map(a="pytorch_model.bin"), files, "refuse"
    yield "value_number", with_map(a=1), files, "refuse"
    yield "map_missing", '{"metadata":{}}', files, "refuse"
    yield "map_list", '{"weight_map":["a"]}', files, "refuse"
    yield "map_empty", '{"weight_map":{}}', files, "refuse"
    yield "map_duplicate_key", '{"weight_map":{"a":"%s","a":"%s","b":"%s"}}' % (one, one, other), files, "refuse"
    yield "index_list", "[]", files, "refuse"
    yield "index_empty", "", files, "refuse"
    yield "index_cut_short", json.dumps(good)[:-1], files, "refuse"


def write_all(folder):
    verdicts = []

    def write(path, content):
        path = folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    for kinds in (cut_short, length_lies, bad_json, bad_fields, bad_sizes, bad_layout, stricter, edge_but_valid):
        verdict = "accept" if kinds is edge_but_valid else "refuse"
        reference = "accept" if kinds in (stricter, edge_but_valid) else "refuse"
        for name, content in kinds():
            path = f"{verdict}/{name}.safetensors"
            write(path, content)
            verdicts.append({"path": path, "verdict": verdict, "reference": reference})
    for name, index, files, verdict in sharded():
        path = f"sharded/{name}/model.safetensors.index.json"
        write(path, index.encode())
        for file, content in files.items():
            write(f"sharded/{name}/{file}", content)
        verdicts.append({"path": path, "verdict": verdict, "reference": None})
    write("verdicts.json", json.dumps(verdicts, indent=1).encode())
    return verdicts


def reference_verdict(path):
    from safetensors import SafetensorError, safe_open
    try:
        with safe_open(str(path), framework="np") as file:
            file.keys()
        return "accept"
    except (SafetensorError, OSError, ValueError) as error:
        return "refuse"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--reference", action="store_true", help="compare with the safetensors package")
    parser.add_argument("--reader", help="compare with this command, given a path")
    arguments = parser.parse_args()
    verdicts = write_all(arguments.folder)
    wrong = 0
    for entry in verdicts:
        path = arguments.folder / entry["path"]
        if arguments.reference and entry["reference"] is not None and (found := reference_verdict(path)) != entry["reference"]:
            print(f"{entry['path']}: the reference says {found}, the table {entry['reference']}")
            wrong += 1
        if arguments.reader:
            status = subprocess.run([arguments.reader, str(path)], capture_output=True, text=True)
            expected = 0 if entry["verdict"] == "accept" else 2  # 2: a user's mistake; anything else is a crash
            if status.returncode != expected:
                print(f"{entry['path']}: exit status {status.returncode} instead of {expected}: {status.stderr.strip()}")
                wrong += 1
    refused = sum(entry["verdict"] == "refuse" for entry in verdicts)
    print(f"{len(verdicts)} files: {refused} to refuse, {len(verdicts) - refused} to accept; {wrong} verdicts differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
