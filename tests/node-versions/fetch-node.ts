import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

// The package `node` downloads its program in an install script. These packages contain the program.
const system = process.platform === 'win32' ? 'win' : process.platform;
const program = process.platform === 'win32' ? 'node.exe' : 'node';

/**
 * Installs the newest Node of a major version from npm into `directory` and returns the path of its program. When the
 * variable NODE_<major> is set, returns that path instead. Throws an Error with advice.
 */
export const fetchNode = async (major: number, directory: string): Promise<string> => {
  const variable = `NODE_${major}`;
  const installed = process.env[variable];
  if (installed !== undefined) return installed;
  const name = `node-${system}-${process.arch}`;
  const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  const [command, ...args] = npm;
  try {
    await run(command, [...args, 'install', '--prefix', directory, ...options, `${name}@${major}`]);
  } catch (error) {
    throw new Error(
      `The package ${name}@${major} could not be installed. Repeat with a connection to the npm registry, or install ` +
        `Node ${major} and name its program: ${variable}=/path/to/node npm run test:nodes.`,
      { cause: error },
    );
  }
  return join(directory, 'node_modules', name, 'bin', program);
};

// npm sets this variable for the scripts that it runs. Windows cannot run the script of npm as a program.
const npm: readonly [string, ...string[]] =
  process.env.npm_execpath === undefined ? ['npm'] : [process.execPath, process.env.npm_execpath];
