import { mustBe } from '../invalid.ts';

/**
 * Checks the name of a key or log: not empty, without space, `+`, control characters, invisible characters and lone
 * surrogates, and at most 500 characters. Throws InvalidProof otherwise; `what` names it in the message.
 */
export const checkName = (name: string, what: string): void => {
  mustBe(name.length > 0 && name.length <= nameLengthMax, `${what} has 1 to ${nameLengthMax} characters.`);
  mustBe(!forbidden.test(name), `${what} has a space, a "+", a control character or an invisible one.`);
};

const nameLengthMax = 500;
const forbidden = /[\s+\p{White_Space}\p{Control}\p{Format}\p{Surrogate}]/u;
