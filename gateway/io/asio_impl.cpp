// SPDX-License-Identifier: MIT
// The one place where Boost.Asio's own sources are compiled (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
