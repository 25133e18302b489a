import { Writable } from 'node:stream';
import { pino } from 'pino';

/** Returns a log that keeps its lines, as JSON texts, for the test. */
export const collectLog = () => {
  const lines: string[] = [];
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  return { lines, pino: pino({ level: 'debug' }, sink) };
};
