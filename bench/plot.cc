// SPDX-License-Identifier: BSD-3-Clause
#include "bench/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/check.h"

namespace ember::bench {
namespace {

constexpr double kWidth = 860;
constexpr double kPanelHeight = 240;
constexpr double kLeft = 80;
constexpr double kTop = 50;
constexpr double kGap = 80;

using Points = std::vector<std::pair<double, double>>;  // in units of the panel, 0 to 1

struct Tick {
  double place = 0;  // 0 to 1
  std::string text;
};

std::string escape(const std::string& text) {
  std::string out;
  for (const char letter : text) {
    out += letter == '<' ? "&lt;" : letter == '&' ? "&amp;" : std::string(1, letter);
  }
  return out;
}

std::string count_text(double value) {
  return value >= 1e6   ? fmt::format("{:g} M", value / 1e6)
         : value >= 1e3 ? fmt::format("{:g} k", value / 1e3)
                        : fmt::format("{:g}", value);
}

std::string text_at(double x, double y, const std::string& anchor, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     escape(text));
}

/// A frame with its grid and one line, its upper left corner at (kLeft, top).
std::string panel(double top, const std::string& name, const Points& points,
                  const std::pair<std::vector<Tick>, std::vector<Tick>>& ticks) {
  const double bottom = top + kPanelHeight;
  const double width = kWidth - kLeft - 30;
  std::string svg = text_at(kLeft, top - 10, "start", name);
  svg += fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>\n", kLeft,
      top, width, kPanelHeight);
  for (const Tick& tick : ticks.first) {
    const double x = kLeft + tick.place * width;
    svg += fmt::format("<path d=\"M{0:.1f} {1}V{2}\" stroke=\"#ddd\"/>\n", x, top, bottom);
    svg += text_at(x, bottom + 18, "middle", tick.text);
  }
  for (const Tick& tick : ticks.second) {
    const double y = bottom - tick.place * kPanelHeight;
    svg += fmt::format("<path d=\"M{} {:.1f}h{}\" stroke=\"#ddd\"/>\n", kLeft, y, width);
    svg += text_at(kLeft - 8, y + 4, "end", tick.text);
  }
  std::string line;
  for (const auto& [x, y] : points) {
    check(x >= 0 && x <= 1 && y >= 0 && y <= 1, "points lie in the panel");
    line += fmt::format("{:.1f},{:.1f} ", kLeft + x * width, bottom - y * kPanelHeight);
  }
  return svg + fmt::format(
                   "<polyline points=\"{}\" fill=\"none\" stroke=\"#c43\" "
                   "stroke-width=\"1.5\"/>\n",
                   line);
}

/// Percentiles on a scale of nines, latencies on a logarithmic one.
std::string latency_panel(const Histogram& latencies) {
  constexpr double kNines = 5;  // up to p99.999
  const double low =
      std::floor(std::log10(std::max<double>(1000, static_cast<double>(latencies.quantile(0)))));
  const double high =
      std::max(low + 1, std::ceil(std::log10(static_cast<double>(latencies.max()) + 1)));
  check(high > low, "a scale goes upwards");
  Points points;
  for (double nines = 0; nines <= kNines; nines += 0.02) {
    const auto latency = static_cast<double>(latencies.quantile(1 - std::pow(10, -nines)));
    points.emplace_back(
        nines / kNines,
        std::clamp((std::log10(std::max(latency, 1.0)) - low) / (high - low), 0.0, 1.0));
  }
  std::vector<Tick> across;
  for (const double percentile : {0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999}) {
    across.push_back({-std::log10(1 - percentile / 100) / kNines, fmt::format("{}", percentile)});
  }
  std::vector<Tick> up;
  for (double power = low; power <= high; ++power) {
    up.push_back(
        {(power - low) / (high - low), fmt::format("{:g} µs", std::pow(10, power) / 1000)});
  }
  return panel(kTop, "latency by percentile", points, {across, up});
}

std::string rate_panel(const std::vector<double>& rates) {
  const double peak = rates.empty() ? 1 : std::max(1.0, std::ranges::max(rates) * 1.1);
  const double step = std::pow(10, std::floor(std::log10(peak)));
  const double unit = peak / step < 2 ? step / 5 : peak / step < 5 ? step / 2 : step;
  check(unit > 0, "ticks are apart from each other");
  const double count = static_cast<double>(std::max<size_t>(1, rates.size()));
  Points points;
  for (size_t at = 0; at < rates.size(); ++at) {
    points.emplace_back((static_cast<double>(at) + 0.5) / count, rates[at] / peak);
  }
  std::vector<Tick> up;
  for (double rate = 0; rate <= peak; rate += unit) {
    up.push_back({rate / peak, count_text(rate)});
  }
  const double seconds = count * kRateIntervalMs / 1000;
  std::vector<Tick> across;
  for (int tick = 0; tick <= 5; ++tick) {
    across.push_back({tick / 5.0, fmt::format("{:.1f} s", seconds * tick / 5)});
  }
  return panel(kTop + kPanelHeight + kGap, "requests a second over time", points, {across, up});
}

}  // namespace

std::string as_svg(const LoadResult& result, const std::string& title) {
  const double height = kTop + 2 * kPanelHeight + kGap + 40;
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
             "viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
             "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
             kWidth, height) +
         text_at(kLeft, 20, "start", title) + latency_panel(result.latencies) +
         rate_panel(result.rates) + "</svg>\n";
}

}  // namespace ember::bench
