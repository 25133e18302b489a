import { type Command, Option } from 'commander';
import { logLevels } from '../logs/log-text.ts';
import { instantOrAge, positiveCount, queueArgument } from '../output/option-values.ts';

/** Adds the commands that watch a running server: events, log and jobs. */
export const addWatchingCommands = (program: Command): void => {
  program
    .command('events')
    .description('print the events of all organizations from the log, in its order; personal values are not in events')
    .option('--follow', 'print new events, too, until Ctrl-C; reconnect when the event store is away', false)
    .option('--from <position>', 'begin after this position, at start, or now (default: now with --follow, else start)')
    .option('--stream <name>', 'only the events of this stream')
    .option('--type <type...>', 'only events of these types, such as LicenseIssued')
    .option('--organization <id>', 'only events with this organization as issuer or holder')
    .option('--limit <count>', 'end after this number of events', positiveCount)
    .option('--json', 'print each event as one line of JSON', false)
    .action(async (options) => (await import('../events/events-command.ts')).eventsCommand(options));
  program
    .command('logs')
    .description('print the log of the embedded mode; needs no running server')
    .option('--follow', 'print new lines, too, until Ctrl-C', false)
    .addOption(
      new Option('--level <level>', 'only lines of this level or a higher one')
        .choices(Object.keys(logLevels))
        .default('trace'),
    )
    .option('--since <when>', 'only lines since then: an age such as 10m, or an instant', instantOrAge(Date.now))
    .option('--limit <count>', 'only this number of the newest lines', positiveCount)
    .option('--json', 'print the lines as they are stored, as JSON', false)
    .action(async (options) => (await import('../logs/logs-command.ts')).logsCommand(options));
  addJobs(program.command('jobs').description('the scheduled jobs of the workers, and their queues'));
};

const addJobs = (jobs: Command): void => {
  jobs
    .command('list')
    .description('list the queues, and each job with its next run, its last run and the result')
    .option('--json', 'print the list as JSON', false)
    .action(async (options) => (await import('../jobs/jobs-command.ts')).jobsListCommand(options));
  jobs
    .command('pause')
    .addArgument(queueArgument())
    .description('let workers take no further job of a queue, also after a restart')
    .option('--json', 'print the result as JSON', false)
    .action(async (queue, options) => (await import('../jobs/jobs-command.ts')).jobsPauseCommand(queue, options));
  jobs
    .command('resume')
    .addArgument(queueArgument())
    .description('let workers take the jobs of a queue again')
    .option('--json', 'print the result as JSON', false)
    .action(async (queue, options) => (await import('../jobs/jobs-command.ts')).jobsResumeCommand(queue, options));
  jobs
    .command('run')
    .argument('<job>', 'the job, as ledger jobs list names it')
    .description('let a worker run a job now')
    .option('--wait', 'wait until the run has ended; exit with 1 when it fails', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (job, options) => (await import('../jobs/jobs-command.ts')).jobsRunCommand(job, options));
};
