/** A reason as the API takes it. */
export type GivenReason = { readonly code: string; readonly text?: string };

/** Codes that a form suggests. Any other code is as good. */
export const suggestedCodes = ['CUSTOMER_REQUEST', 'PURCHASE', 'GOODWILL', 'CORRECTION', 'REFUND', 'SUPPORT'] as const;

/** Returns the note in a form, or nothing when it is empty. */
export const noteIn = (form: FormData): { readonly text?: string } => {
  const text = String(form.get('note') ?? '').trim();
  return text === '' ? {} : { text };
};

/** Returns the reason in a form that demands one. */
export const requiredReasonIn = (form: FormData): GivenReason => ({ code: codeIn(form), ...noteIn(form) });

/** Returns the reason in a form, or nothing when the person gave none. */
export const reasonIn = (form: FormData): { readonly reason?: GivenReason } => {
  const code = codeIn(form);
  const note = noteIn(form);
  return code === '' && note.text === undefined ? {} : { reason: { code: code === '' ? 'OTHER' : code, ...note } };
};

/** Returns the code as the API writes it: "late payment" is LATE_PAYMENT. */
const codeIn = (form: FormData): string =>
  String(form.get('code') ?? '')
    .trim()
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_');
