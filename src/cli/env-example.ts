import { writeFileSync } from 'node:fs';
import { envExample } from '../config-variables.ts';

/** `ledger env-example`: prints or writes `.env.example`. */
export const envExampleCommand = ({ write }: { write: boolean }): void => {
  if (write) writeFileSync('.env.example', envExample());
  else process.stdout.write(envExample());
};
