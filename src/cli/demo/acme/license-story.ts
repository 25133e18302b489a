import type { Step } from './steps.ts';

/** A license of the demo, from the day on which it is issued. */
export type LicenseStory = {
  readonly license: string;
  /** The customer who holds it. Null: nobody in particular. */
  readonly customer: string | null;
  readonly policy: 'draft' | 'render' | 'team' | 'trial';
  readonly day: number;
  readonly reference: string;
  /** The license that this one replaces. */
  readonly replaces?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
};

/** The customers of Acme Tools by name, with the day of their first order. */
export const customers: Readonly<Record<string, number>> = {
  'Brightwater Studios': 8,
  'Halden Logistics': 21,
  'Oakfield College': 15,
  'Quayside Clinic': 64,
  'Tern Robotics': 120,
  'Verdant Homes': 205,
};
