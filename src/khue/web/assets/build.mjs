// Bundles scripts, styles and fonts into ../static with hashed names, and writes static/manifest.json.
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { tabularFigures } from "./figures.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "static");

const figures = {
  name: "figures",
  setup(building) {
    building.onResolve({ filter: /^figures:/ }, ({ path }) => ({ path: `${path.slice(8)}.woff`, namespace: "figures" }));
    building.onLoad({ filter: /.*/, namespace: "figures" }, async ({ path }) => {
      const font = fileURLToPath(import.meta.resolve(`@fontsource/be-vietnam-pro/files/${path.replace("figures", "be-vietnam-pro-latin")}`));
      return { contents: tabularFigures(await readFile(font)), loader: "file" };
    });
  },
};

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: ["page.css", "page.ts", "icon.svg"],
  outdir: target,
  bundle: true,
  minify: true,
  metafile: true,
  legalComments: "linked",
  target: ["es2022", "chrome109", "firefox115", "safari16"],
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  plugins: [figures],
  loader: { ".woff2": "file", ".svg": "copy" },
  logLevel: "warning",
});

const manifest = {};
for (const [output, made] of Object.entries(result.metafile.outputs)) {
  const name = basename(output);
  const entry = made.entryPoint ?? Object.keys(made.inputs)[0];
  if (made.entryPoint || extname(output).startsWith(".woff")) {
    manifest[basename(entry.replace(/^figures:/, "")).replace(/\.ts$/, ".js")] = name;
  }
}
await writeFile(join(target, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");
