// What every page is made of: one HTML file that loads and runs nothing, with pictures as SVG inside.
#pragma once

#include <string>
#include <string_view>

namespace attend {

/// Text as HTML shows it. Control characters, which HTML forbids, become U+FFFD, and so does ill-formed UTF-8; line breaks and TABs stay.
std::string escaped(std::string_view text);

/// <name>content</name>; the content is HTML already.
std::string element(const std::string& name, const std::string& content);

/// A whole document. `title` is text, `body` HTML. Its content security policy lets nothing in but the page's own style, so no text of a
/// model can load or run anything.
std::string html_page(const std::string& title, const std::string& body);

/// Colours that can be told apart, again from the first after the last.
std::string colour(std::size_t index);

namespace svg {

/// A coordinate, to a tenth.
std::string number(double value);

struct Line {
  double x1, y1, x2, y2;
};
/// `style` is attributes: stroke="#ddd".
std::string line(const Line& at, const std::string& style);

/// `anchor` is start, middle or end; `text` is not HTML yet.
std::string label(double x, double y, const std::string& anchor, const std::string& text);

/// A picture that stands in a page.
std::string picture(double width, double height, const std::string& description, const std::string& content);
/// A picture as a file of its own: a page knows what SVG is, a file has to name it. Its text looks alike in both.
std::string as_file(std::string picture);

}  // namespace svg

}  // namespace attend
