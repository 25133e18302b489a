import { mustBe } from '../invalid.ts';

/** Returns true for a whole number from 0 to 2^53 - 1, which JavaScript represents exactly. */
export const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/**
 * Returns the whole number of a decimal text without sign, leading zeros or other characters. Throws InvalidProof for
 * other texts and for numbers of 2^53 and more, which JavaScript cannot represent exactly. `what` names the text in the
 * message.
 */
export const parseDecimal = (text: string, what: string): number => {
  mustBe(/^(?:0|[1-9][0-9]{0,19})$/.test(text), `${what} is not a decimal number without leading zeros.`);
  const value = Number(text);
  mustBe(Number.isSafeInteger(value), `${what} is ${text}, and 2^53 - 1 is the largest number here.`);
  return value;
};
