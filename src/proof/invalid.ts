import { printable } from './text/printable.ts';

/**
 * A text, key, tile or proof is malformed, or does not prove what it claims. The message is a sentence that names the
 * first wrong thing. It is printable, because it may repeat parts of the text.
 */
export class InvalidProof extends Error {
  override readonly name = 'InvalidProof';

  constructor(sentence: string) {
    super(printable(sentence));
  }
}

/** Throws InvalidProof with the sentence unless the condition is true. */
export function mustBe(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new InvalidProof(sentence);
}
