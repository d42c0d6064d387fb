// The Khronos glTF validator over files: one JSON line each, {file, errors, warnings, messages}.
import fs from 'node:fs';
import validator from 'gltf-validator';

for (const file of process.argv.slice(2)) {
  const report = await validator.validateBytes(new Uint8Array(fs.readFileSync(file)), { maxIssues: 50 });
  const told = report.issues.messages.filter((m) => m.severity < 2);
  console.log(JSON.stringify({
    file, errors: report.issues.numErrors, warnings: report.issues.numWarnings,
    triangles: report.info.totalTriangleCount, messages: told.map((m) => `${m.code} ${m.pointer}: ${m.message}`),
  }));
}
