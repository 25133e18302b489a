import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Equivalent, equivalents, guarded } from './guarded.ts';

// Judges the report of Stryker: no mutant may survive in the guarded files. Two kinds are accepted: survivors that the
// compiler refuses, and survivors that are listed as equivalent with the reason.

/** The least percentage of all mutants that must be caught. */
const caughtMin = 85;

type Position = { readonly line: number; readonly column: number };
type Mutant = {
  readonly mutatorName: string;
  readonly replacement: string;
  readonly status: string;
  readonly location: { readonly start: Position; readonly end: Position };
};
type Report = {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
};

const survived = ({ status }: Mutant): boolean => status === 'Survived' || status === 'NoCoverage';
const caught = ({ status }: Mutant): boolean => status === 'Killed' || status === 'Timeout';

/** Returns the offset in the text of a position in the report, whose lines and columns count from 1. */
const offsetOf = (source: string, { line, column }: Position): number => {
  const linesBefore = source.split('\n').slice(0, line - 1);
  return linesBefore.reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
};

const mutate = (source: string, { location, replacement }: Mutant) => {
  const [start, end] = [offsetOf(source, location.start), offsetOf(source, location.end)];
  return { original: source.slice(start, end), mutated: source.slice(0, start) + replacement + source.slice(end) };
};

const run = promisify(execFile);
const compiles = async (directory: string, file: string, text: string): Promise<boolean> => {
  const path = join(directory, file);
  const sound = await readFile(path, 'utf8');
  await writeFile(path, text);
  const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
  try {
    return await run(process.execPath, [compiler, '-p', '.'], { cwd: directory }).then(
      () => true,
      () => false,
    );
  } finally {
    await writeFile(path, sound);
  }
};

const directory = await mkdtemp(join(tmpdir(), 'ledger-mutation-'));
const complaints: string[] = [];
const used = new Set<Equivalent>();
try {
  const report: Report = JSON.parse(await readFile('coverage/mutation/mutation.json', 'utf8'));
  const mutants = Object.values(report.files).flatMap((file) => file.mutants);
  const score =
    (100 * mutants.filter(caught).length) / mutants.filter((mutant) => caught(mutant) || survived(mutant)).length;
  console.log(`mutation: ${score.toFixed(1)} % of ${mutants.length} mutants are caught`);
  if (!(score >= caughtMin)) complaints.push(`less than ${caughtMin} % of the mutants are caught`);

  for (const part of ['src/domain', 'package.json']) await cp(part, join(directory, part), { recursive: true });
  await symlink(resolve('node_modules'), join(directory, 'node_modules'));
  const settings: { compilerOptions: object } = JSON.parse(await readFile('tsconfig.json', 'utf8'));
  // A mutant that leaves a name unused still counts.
  const lenient = { noUnusedLocals: false, noUnusedParameters: false, allowUnreachableCode: true };
  const compilerOptions = { ...settings.compilerOptions, ...lenient, incremental: false, tsBuildInfoFile: undefined };
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));

  const [anyFile = ''] = guarded;
  if (!(await compiles(directory, anyFile, await readFile(anyFile, 'utf8'))))
    throw new Error('The copy does not compile as it is, so nothing can be said of its mutants.');

  for (const file of guarded) {
    const { source, mutants } = report.files[file] ?? { source: '', mutants: [] };
    if (mutants.length === 0) complaints.push(`${file} is guarded, but the report has no mutant of it`);
    else if ((await readFile(file, 'utf8')) !== source) complaints.push(`${file} changed since the report was made`);
    for (const mutant of mutants.filter(survived)) {
      const { original, mutated } = mutate(source, mutant);
      const known = equivalents.find(
        (entry) => entry.file === file && entry.original === original && entry.replacement === mutant.replacement,
      );
      if (known !== undefined) used.add(known);
      else if (await compiles(directory, file, mutated))
        complaints.push(`${file}:${mutant.location.start.line} survives: ${original}  =>  ${mutant.replacement}`);
    }
  }
  for (const entry of equivalents)
    if (!used.has(entry))
      complaints.push(`listed as equivalent, but does not survive: ${entry.file}: ${entry.original}`);
} finally {
  await rm(directory, { recursive: true, force: true });
}
for (const complaint of complaints) console.error(complaint);
console.log(`mutation: ${guarded.length} guarded files, ${complaints.length} complaints`);
process.exitCode = complaints.length === 0 ? 0 : 1;
