// Prints the names of a module's functions, which its section "name" holds among other bytes.
import { readFile } from "node:fs/promises";

const module = await WebAssembly.compile(await readFile(process.argv[2]));
for (const section of WebAssembly.Module.customSections(module, "name")) {
  const text = Buffer.from(section).toString("latin1");
  console.log(text.replace(/[^\x20-\x7e]+/g, "\n"));
}
for (const { name } of WebAssembly.Module.exports(module)) console.log(name);
