import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { jobQueues } from '../../src/cli/output/option-values.ts';
import { commandsOf, examples } from '../../src/cli/program/add-examples.ts';
import { createProgram } from '../../src/cli/program/create-program.ts';
import { asksForJson } from '../../src/cli/program/report-error.ts';
import { queueNames } from '../../src/workers/queue.ts';

/** These print a document, or run until they are stopped. */
const withoutJson = ['start', 'completion', 'complete', 'openapi', 'client-types', 'env-example'];

const program = createProgram(false);

const helpOf = (command: Command): string => {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
};

describe('The help', () => {
  test('of every command has an example that names the command and its options, and the exit codes', () => {
    const visible = commandsOf(program).filter(({ path }) => path !== 'complete');
    expect(visible.length).toBeGreaterThan(15);
    for (const { path, command } of visible) {
      const help = helpOf(command);
      expect(help, path).toContain(`ledger ${path}`);
      expect(help, path).toContain('Examples:');
      expect(help, path).toContain('6 nothing to check');
      const options = (examples[path] ?? []).flatMap((line) =>
        [...(line.split(' | ')[0] ?? '').matchAll(/--[a-z-]+/g)].map(([option]) => option),
      );
      for (const option of options) expect(help, `${path} ${option}`).toContain(`${option}`);
    }
  });

  test('has no examples of commands that do not exist', () => {
    const paths = commandsOf(program).map(({ path }) => path);
    expect(Object.keys(examples).filter((path) => !paths.includes(path))).toEqual([]);
  });

  test('of every command that prints facts has --json', () => {
    const without = commandsOf(program).filter(({ command }) => !command.options.some(({ long }) => long === '--json'));
    expect(without.map(({ path }) => path).sort()).toEqual([...withoutJson].sort());
  });
});

test('The command line knows the queues by the names that the workers give them', () => {
  expect([...jobQueues]).toEqual([...queueNames('ledger')]);
});

test('Only an option asks for JSON, and not an argument after --', () => {
  expect(asksForJson(['verify', '--json'])).toBe(true);
  expect(asksForJson(['complete', '--', 'verify', '--json'])).toBe(false);
});
