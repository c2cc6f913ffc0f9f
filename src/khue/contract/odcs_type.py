"""Reads what a contract says of the whole type: where records lie, what is open, how long they are kept."""

from typing import Literal, cast

from khue.contract.check import Check
from khue.contract.contract import Locate, Retention, Share
from khue.contract.duration import read_duration
from khue.contract.label import Label
from khue.contract.property import Property
from khue.contract.yaml_lines import Node, did_you_mean

_LOCATE = {"point": ("longitude", "latitude"), "area": ("area",), "reference": ("through",)}


def read_locate(node: Node, properties: tuple[Property, ...]) -> Locate:
    """Read `khue.locate`: how a record finds its place."""
    node.mapping(known=("by", "longitude", "latitude", "area", "through"))
    by = cast("Literal['point', 'area', 'reference']", node.need("by").choice(_LOCATE))
    names = {prop.name: prop for prop in properties}
    found = {key: node.need(key).choice(names) for key in _LOCATE[by]}
    if by == "point":
        for key, name in found.items():
            if names[name].logical_type != "number":
                raise node.need(key).wrong(f"{name} is a {names[name].logical_type}", todo="It must be a number")
        if area := node.get("area"):
            found["area"] = area.choice(names)
    if by == "reference" and names[found["through"]].reference is None:
        why = f"{found['through']} has no khue.reference"
        raise node.need("through").wrong("The place cannot be found through it", why=why, todo="Give it one")
    return Locate(by, **found)


def read_share(node: Node, properties: tuple[Property, ...], checks: tuple[Check, ...]) -> Share:
    """Read `khue.share`: the gate to the `open` schema."""
    node.mapping(known=("dataset", "of", "properties", "leastQuality", "licence", "label", "shutChecks"))
    names = [prop.name for prop in properties]
    least, licence, label, shut = (node.get(key) for key in ("leastQuality", "licence", "label", "shutChecks"))
    quality = least.number() if least else 0.0
    if least and not 0 <= quality <= 1:
        raise least.wrong(f"A quality of {quality} cannot be", todo="Write a number from 0 to 1")
    return Share(
        dataset=node.need("dataset").text(),
        of=cast("Literal['readings', 'state']", node.need("of").choice(("readings", "state"))),
        properties=_known(node.need("properties"), names),
        least_quality=quality,
        licence=licence.text() if licence else "",
        label=label.label() if label else Label("", ""),
        shut_checks=_known(shut, [check.name for check in checks]) if shut else (),
    )


def _known(node: Node, names: list[str]) -> tuple[str, ...]:
    """Return a list of names, each of which must be one of `names`."""
    found: list[str] = []
    for item in node.items():
        name = item.text()
        if name not in names:
            raise item.wrong(f"“{name}” is not known here", todo=did_you_mean(name, names))
        if name in found:
            raise item.wrong(f"“{name}” stands twice")
        found.append(name)
    return tuple(found)


def read_retention(node: Node) -> Retention:
    """Read `khue.retention`: how long, by which rule, and whether somebody has looked the rule up."""
    node.mapping(known=("keep", "law", "verified"))
    verified = node.get("verified")
    return Retention(
        keep=read_duration(node.need("keep")),
        law=node.need("law").text(),
        verified=verified.truth() if verified else False,
    )
