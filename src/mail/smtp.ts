import { createTransport } from 'nodemailer';
import { MailDeferred, type Mailer, MailFailed, MailRefused } from './mail.ts';

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
  const { code, responseCode, command, response } = (error ?? {}) as Readonly<Record<string, unknown>>;
  const said = [code, responseCode, command].filter((part) => typeof part === 'string' || typeof part === 'number');
  const sentence = `The mail server did not take the mail: ${said.join(' ')}.`;
  // nodemailer refuses a mail by itself without a code of the server.
  const isSender = command === 'MAIL FROM' && responseCode !== undefined;
  const isAboutMail = (code === 'EENVELOPE' || code === 'EMESSAGE') && !isSender && responseCode !== closing;
  if (!isAboutMail) return new MailFailed(sentence);
  const isRecipientOrContent = command === 'RCPT TO' || code === 'EMESSAGE';
  return isRecipientOrContent && isFinal(String(response)) ? new MailRefused(sentence) : new MailDeferred(sentence);
};

/** The code with which a mail server closes the connection, at any command. */
const closing = 421;

/**
 * Returns true for an answer about the mailbox or the content that stays the same: 55x (RFC 5321, 4.2.1). Other 5xx are about
 * commands, the connection and the login. 5.7.x is about permissions, such as `554 5.7.1 Relay access denied` (RFC 3463).
 * Both are for the operator to mend, and the mail waits for that.
 */
const isFinal = (response: string): boolean => /^55\d/.test(response) && !/^\d{3}[ -]5\.7\./.test(response);
