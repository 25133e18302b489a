import { listTexts } from '../../texts/list-texts.ts';
import type { SavedView } from './stored-choices.ts';

const names = listTexts.views;

/** The views that every user has. */
export const usualViews: readonly SavedView[] = [
  { name: names.all, filters: {} },
  { name: names.endsSoon, filters: { ends: '30' } },
  { name: names.unpaid, filters: { suspendedFor: 'PAYMENT' } },
  { name: names.overLimit, filters: { status: 'ACTIVE', activations: 'AT_LIMIT' } },
  { name: names.neverActivated, filters: { status: 'ACTIVE', activations: '0' } },
];
