// SPDX-License-Identifier: BSD-3-Clause
// Attributes by which clang checks who holds which lock (-Wthread-safety); nothing to other
// compilers. https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#pragma once

#if defined(__clang__)
#define EMBER_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define EMBER_THREAD_ATTRIBUTE(x)
#endif

#define EMBER_CAPABILITY(name) EMBER_THREAD_ATTRIBUTE(capability(name))
#define EMBER_SCOPED_CAPABILITY EMBER_THREAD_ATTRIBUTE(scoped_lockable)
#define EMBER_GUARDED_BY(x) EMBER_THREAD_ATTRIBUTE(guarded_by(x))
#define EMBER_REQUIRES(...) EMBER_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EMBER_EXCLUDES(...) EMBER_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define EMBER_ACQUIRE(...) EMBER_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define EMBER_TRY_ACQUIRE(...) EMBER_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define EMBER_RELEASE(...) EMBER_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define EMBER_ASSERT_CAPABILITY(x) EMBER_THREAD_ATTRIBUTE(assert_capability(x))
