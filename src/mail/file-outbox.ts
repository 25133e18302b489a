import { mkdir, open, rename } from 'node:fs/promises';
import path from 'node:path';
import type { Mailer } from './mail.ts';
import { domainOf } from './smtp.ts';

/**
 * Returns a mailer that writes each mail into a folder as a file of its own, which only its owner can read (0600). The
 * file has the name of the mail's id, so a mail that is sent again replaces itself.
 */
export const createFileOutbox = ({ folder, from }: { readonly folder: string; readonly from: string }): Mailer => ({
  send: async ({ id, to, subject, text }) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const head = [
      `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
      `Message-ID: <${id}@${domainOf(from)}>`,
      `From: ${from}`,
      `To: ${to}`,
      `Subject: ${subject}`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
    ];
    const file = path.join(folder, `${id}.eml`);
    const unfinished = `${file}.${process.pid}.part`;
    const handle = await open(unfinished, 'w', 0o600);
    try {
      await handle.writeFile(`${head.join('\n')}\n\n${text}`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  },
  check: async () => undefined,
  close: () => undefined,
});
