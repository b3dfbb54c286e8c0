#!/usr/bin/env python3
"""Writes src/ApiServer/BuiltIn/fields.txt: the fields of the built-in kinds, one message a line.

Input: lines `Message: number name[!] type [{marks}]; …` below headings `## group/version`.
Output: `group/version` in brackets, then `Message number:name:type[:marks] …`; marks are
l<type> list type, k<key> list map key, a atomic map, p<strategy> patch strategy, m<key> patch merge key, i inlined in JSON,
n<name> another JSON name, d<value> default. Usage: fields.py < facts > src/ApiServer/BuiltIn/fields.txt
"""
import re
import sys

for line in sys.stdin:
    line = line.rstrip("\n")
    if line.startswith("## "):
        print("[" + line[3:].strip() + "]")
        continue
    match = re.match(r"^([A-Z]\w*): (.*)$", line)
    if not match:
        continue
    message, rest = match.groups()
    if message.endswith("List") and message not in ("NodeList",) and "items" in rest:
        continue
    fields = []
    for field in re.split(r"; (?=\d+ )", rest):
        field = field.replace("} {", ", ")
        parts = re.match(r"^(\d+) (\w+)!? (\S+)(?: \{(.*)\})?$", field.strip())
        if not parts:
            continue
        number, name, kind, marks = parts.groups()
        out = []
        for mark in re.split(r", (?=patch|list|map|struct|default|inline|JSON)", marks or ""):
            key, _, value = mark.strip().partition("=")
            if key == "listType":
                out.append("l" + value)
            elif key == "listMapKey":
                out.append("k" + value)
            elif key in ("mapType", "structType"):
                out.append("a")
            elif key == "patchStrategy":
                out.append("p" + value.replace(",", "+"))
            elif key == "patchMergeKey":
                out.append("m" + value)
            elif key.startswith("inline"):
                out.append("i")
            elif key.startswith("JSON name"):
                out.append("n" + key.split()[-1])
            elif key == "default":
                # Defaults that are objects are the server's to fill in.
                if re.match(r'^"?[\w.-]+"?$', value):
                    out.append("d" + value.strip('"'))
        fields.append(f"{number}:{name}:{kind}" + (":" + ",".join(out) if out else ""))
    print(message + " " + " ".join(fields))
