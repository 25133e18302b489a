/** The names of what a seller may do, where other screens lead to it. */
export const saleTexts = {
  issue: 'Issue a license',
  replace: 'Issue a replacement',
  convert: 'Convert to paid',
  noLicense: 'This organization has no license yet.',
  firstSteps: 'Take the first steps',
} as const;
