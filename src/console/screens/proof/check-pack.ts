// Before the schemas of the packs.
import './no-eval.ts';
import { verifyPack } from '../../../packs/verify-pack.ts';

/** Checks an evidence pack, as `verifyPack` does, in a page that allows no code from texts. */
export const checkPack = verifyPack;
