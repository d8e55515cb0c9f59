export { createTestCa, openTestCa } from "./certificates.ts";
export type { CertificateOptions, TestCa } from "./certificates.ts";
export { createChanging } from "./changing.ts";
export { createFakeReviews } from "./fake-reviews.ts";
export type { FakeReviews, FakeReviewsOptions } from "./fake-reviews.ts";
