// Be Vietnam Pro has no tabular figures ("tnum"). This makes a face of its ten digits, each of the middle width and
// centred, from the package's own WOFF 1.0 file: only hmtx changes, the outlines of the digits stay as they are drawn.
import { deflateSync, inflateSync } from "node:zlib";

const DIGITS = Array.from({ length: 10 }, (_, index) => 0x30 + index);
const DROPPED = new Set(["GSUB", "GPOS", "GDEF", "DSIG", "gasp", "fpgm", "prep", "cvt ", "hdmx", "VDMX"]);

function tablesOf(woff) {
  const tables = new Map();
  for (let i = 0; i < woff.readUInt16BE(12); i++) {
    const at = 44 + 20 * i;
    const [offset, packed, length] = [4, 8, 12].map((step) => woff.readUInt32BE(at + step));
    const bytes = woff.subarray(offset, offset + packed);
    tables.set(woff.toString("latin1", at, at + 4), Buffer.from(packed < length ? inflateSync(bytes) : bytes));
  }
  return tables;
}

function glyphOf(cmap, code) {
  for (let i = 0; i < cmap.readUInt16BE(2); i++) {
    const table = cmap.subarray(cmap.readUInt32BE(8 + 8 * i));
    if (table.readUInt16BE(0) !== 4) continue;
    const segments = table.readUInt16BE(6) / 2;
    for (let s = 0; s < segments; s++) {
      const [end, start] = [14 + 2 * s, 16 + 2 * segments + 2 * s].map((at) => table.readUInt16BE(at));
      if (code < start || code > end) continue;
      const delta = table.readUInt16BE(16 + 4 * segments + 2 * s);
      const rangeAt = 16 + 6 * segments + 2 * s;
      const range = table.readUInt16BE(rangeAt);
      if (!range) return (code + delta) & 0xffff;
      return (table.readUInt16BE(rangeAt + range + 2 * (code - start)) + delta) & 0xffff;
    }
  }
  throw new Error(`no glyph for ${String.fromCodePoint(code)}`);
}

function widen(tables, glyphs) {
  const hmtx = tables.get("hmtx");
  const middle = glyphs.map((glyph) => hmtx.readUInt16BE(4 * glyph)).sort((a, b) => a - b)[5];
  for (const glyph of glyphs) {
    const spare = middle - hmtx.readUInt16BE(4 * glyph);
    hmtx.writeUInt16BE(middle, 4 * glyph);
    hmtx.writeInt16BE(hmtx.readInt16BE(4 * glyph + 2) + Math.round(spare / 2), 4 * glyph + 2);
  }
}

function keepOnly(tables, glyphs) {
  const [glyf, loca] = [tables.get("glyf"), tables.get("loca")];
  const long = tables.get("head").readInt16BE(50) === 1;
  const offset = (glyph) => (long ? loca.readUInt32BE(4 * glyph) : 2 * loca.readUInt16BE(2 * glyph));
  const count = tables.get("maxp").readUInt16BE(4);
  const kept = new Set([0, ...glyphs]);
  const parts = [];
  const places = [0];
  for (let glyph = 0; glyph < count; glyph++) {
    const part = kept.has(glyph) ? glyf.subarray(offset(glyph), offset(glyph + 1)) : Buffer.alloc(0);
    if (part.length && part.readInt16BE(0) < 0) throw new Error(`glyph ${glyph} is made of others`);
    parts.push(part);
    places.push(places.at(-1) + part.length);
  }
  tables.set("glyf", Buffer.concat(parts));
  const written = Buffer.alloc(long ? 4 * places.length : 2 * places.length);
  places.forEach((place, i) => (long ? written.writeUInt32BE(place, 4 * i) : written.writeUInt16BE(place / 2, 2 * i)));
  tables.set("loca", written);
}

function checksum(bytes) {
  const padded = Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  let sum = 0;
  for (let at = 0; at < padded.length; at += 4) sum = (sum + padded.readUInt32BE(at)) >>> 0;
  return sum;
}

function woffOf(tables, flavour) {
  const names = [...tables.keys()].sort();
  const head = Buffer.alloc(44 + 20 * names.length);
  const parts = [];
  let place = head.length;
  let plain = 12 + 16 * names.length;
  names.forEach((name, i) => {
    const bytes = tables.get(name);
    const deflated = deflateSync(bytes, { level: 9 });
    const packed = deflated.length < bytes.length ? deflated : bytes;
    head.write(name, 44 + 20 * i, "latin1");
    [place, packed.length, bytes.length, checksum(bytes)].forEach((n, k) => head.writeUInt32BE(n, 48 + 20 * i + 4 * k));
    const padding = (4 - (packed.length % 4)) % 4;
    parts.push(packed, Buffer.alloc(padding));
    place += packed.length + padding;
    plain += (bytes.length + 3) & ~3;
  });
  [0x774f4646, flavour, place].forEach((n, i) => head.writeUInt32BE(n, 4 * i));
  head.writeUInt16BE(names.length, 12);
  head.writeUInt32BE(plain, 16);
  return Buffer.concat([head, ...parts]);
}

/** Returns the WOFF of the tabular digits of a WOFF 1.0 font with TrueType outlines. */
export function tabularFigures(woff) {
  const tables = tablesOf(woff);
  const glyphs = DIGITS.map((code) => glyphOf(tables.get("cmap"), code));
  widen(tables, glyphs);
  keepOnly(tables, glyphs);
  for (const name of DROPPED) tables.delete(name);
  return woffOf(tables, woff.readUInt32BE(4));
}
