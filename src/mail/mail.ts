/** A mail of plain text. `id`: the same at every try, so that a mailbox recognizes a mail that it got before. */
export type Mail = {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
};

/** Sends mails. */
export type Mailer = {
  /**
   * Sends a mail. Resolves when the mail server, or the disk, has it. Throws MailRefused when the server refuses this mail
   * for good, MailDeferred when it may take this mail later, and another Error when no mail can be sent now.
   */
  readonly send: (mail: Mail) => Promise<void>;
  /** Throws when the mail server cannot be reached, or refuses the login. */
  readonly check: () => Promise<void>;
  readonly close: () => void;
};

/** Thrown when the mail server refuses a mail for good. The message has the code of the server, and no address. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';
}

/** Thrown when the mail server wants this mail later, and may take others. The message has its codes, and no address. */
export class MailDeferred extends Error {
  override readonly name = 'MailDeferred';
}

/** Thrown when no mail can be sent now. The message has codes of the failure, and no address. */
export class MailFailed extends Error {
  override readonly name = 'MailFailed';
}
