// Runs the module that is named and prints what it prints; exit status 0 where all of it is right.
import { readFile } from "node:fs/promises";

const bytes = [];
const put = (byte) => { bytes.push(byte); };
const { instance } = await WebAssembly.instantiate(await readFile(process.argv[2]), { board: { put } });
const status = instance.exports.run();
process.stdout.write(Buffer.from(bytes), () => process.exit(status));
