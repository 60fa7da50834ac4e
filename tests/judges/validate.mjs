// Prints what the Khronos validator finds in GLB files: node validate.mjs FILE…
import { readFile } from "node:fs/promises";
import validator from "gltf-validator";

const reports = {};
for (const path of process.argv.slice(2)) {
  const report = await validator.validateBytes(new Uint8Array(await readFile(path)), {
    uri: path,
    maxIssues: 50,
  });
  const { numErrors, numWarnings, numInfos, messages, truncated } = report.issues;
  reports[path] = { numErrors, numWarnings, numInfos, messages, truncated, info: report.info };
}
console.log(JSON.stringify({ version: validator.version(), reports }));
