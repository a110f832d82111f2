// SPDX-License-Identifier: MIT
#include "gateway/app/command_line.hpp"

int main(int argc, char** argv) { return b2m::app::run_command_line({argv, argv + argc}); }
