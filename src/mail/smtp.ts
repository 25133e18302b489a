import { createTransport } from 'nodemailer';
import { type Mailer, MailFailed, MailRefused } from './mail.ts';

/** A mail server as an smtp:// or smtps:// URL, and the address that mails come from. */
export type SmtpServer = { readonly url: string; readonly from: string };

const patienceMs = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000, dnsTimeout: 10_000 };

/** Returns a mailer for a mail server. Sends a name and password only over TLS. */
export const createSmtpMailer = ({ url, from }: SmtpServer): Mailer => {
  const requireTLS = new URL(url).username !== '';
  const transport = createTransport({
    url,
    requireTLS,
    ...patienceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = domainOf(from);
  const translated = async (work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      throw withoutAddress(error);
    }
  };
  return {
    // An object is one address. A text might be read as several.
    send: ({ id, to, subject, text }) =>
      translated(
        transport.sendMail({
          from,
          to: { name: '', address: to },
          subject,
          text,
          messageId: `<${id}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
        }),
      ),
    check: () => translated(transport.verify()),
    close: () => transport.close(),
  };
};

/** Returns the domain of an address, which may have a name: `License Ledger <ledger@vendor.example>`. */
export const domainOf = (from: string): string => /@([^\s<>@]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';

/** Returns an error without the text of the mail server, which repeats addresses. */
const withoutAddress = (error: unknown): Error => {
  const { code, responseCode, command } = (error ?? {}) as Readonly<Record<string, unknown>>;
  const said = [code, responseCode, command].filter((part) => typeof part === 'string' || typeof part === 'number');
  const sentence = `The mail server did not take the mail: ${said.join(' ')}.`;
  // 5xx about the recipient or the content is final. 5xx about the login or the connection is an error of the operator.
  const isFinal =
    typeof responseCode === 'number' && responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE');
  return isFinal ? new MailRefused(sentence) : new MailFailed(sentence);
};
