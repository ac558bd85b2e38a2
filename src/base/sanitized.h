/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * 1 in builds with AddressSanitizer, whose reports and search for leaks need
 * more of the system than we do: confinement is a little wider there.
 */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif
