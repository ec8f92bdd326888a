#include "lib/config/yaml/manual.hpp"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <deque>
#include <set>

#include <fmt/format.h>

#include "lib/config/model_index.hpp"
#include "lib/config/yaml/describe.hpp"
#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/scalars.hpp"
#include "lib/config/yaml/shape.hpp"

namespace holdfast::config::yaml {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

namespace {

constexpr std::string_view kHead =
    R"(.\" Made from the descriptors of the model; see docs/config-model.md.
.TH HOLDFAST.YAML 5 "" Holdfast "Holdfast"
.SH NAME
holdfast.yaml \- configuration of holdfast(8) in YAML
.SH DESCRIPTION
The first line that is neither blank nor a comment tells the language of a configuration: a key with a
colon, or three dashes, begins YAML; everything else is keepalived's language.
.PP
Every key and every value is checked, and all mistakes are found in one pass. A file with a mistake is not
used: a running configuration stays, and a start fails.
.TP
.B version
Mandatory, the number 1.
.TP
.B include
List of files and patterns, relative to the file that names them. Beside the main file, conf.d/*.yaml is read
as well. Maps of several files are merged; what is defined twice is an error that names both places.
.TP
.B vrrp.defaults
Settings of an instance for all instances that do not say otherwise, and some global ones.
.TP
.B server_pools
Map by name of what services share with
.IR "pool: NAME" ":"
servers, checks, check_timing and every other setting of a service. What the service itself says wins. The
.B checks
of a service or a pool are those of the servers that have none of their own.
.TP
.B overrides
Map by the name of a node, which is that of \-\-config\-id or the host's short name. What stands there replaces
what the files say, on that node.
.SS Values
.TP
duration
Numbers with units: 250ms, 3s, 5m, 1h30m. The units are us, ms, s, m, h and d.
.TP
size
Octets with a unit: 512B, 64KiB, 2MB.
.TP
number
In base 10, without leading zeros and without quotes.
.TP
true or false
No other words.
.TP
address
IPv4 or IPv6; with a port, IPv6 stands in brackets and the whole in quotes: "[2001:db8::1]:80".
.TP
secrets
A key that holds a secret has a twin whose name ends in _file and names a file that holds it. In every text,
${credential:NAME} stands for the credential of that name which systemd passed on.
.PP
Aliases are read and bounded; tags and merge keys (<<) are refused.
)";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else if ((c == '.' || c == '\'') && out.empty()) {
            out += std::string("\\&") + c;
        } else {
            out += c;
        }
    }
    return out;
}

/// Writes one section for each map: the top of the file, then every message where it is first met.
class Manual {
  public:
    std::string make() {
        out_ = kHead;
        out_ += ".SH SETTINGS\n";
        add_map(Shape::of_model().root(), {});
        while (!waiting_.empty()) {
            const Waiting next = waiting_.front();
            waiting_.pop_front();
            out_ += fmt::format(".SS {}\n", escaped(next.path));
            add_map(Shape::of_model().of(next.message), {}, next.path);
        }
        out_ += ".SH SEE ALSO\n.BR holdfast (8),\n.BR holdfastctl (8)\n";
        return out_;
    }

  private:
    struct Waiting {
        const Descriptor* message;
        std::string path;
    };

    void add_map(const Map& map, const std::string& prefix, const std::string& section = {}) {
        for (const Key& key : map.keys) {
            const std::string name = prefix.empty() ? key.name : prefix + "." + key.name;
            if (key.form != nullptr || !key.field.empty() || !key.made.empty()) {
                add_key(key, name);
                note_entries(key, section.empty() ? name : section + "." + name);
            }
            if (key.below) add_map(*key.below, name, section);
        }
    }

    void add_key(const Key& key, const std::string& name) {
        std::string type = type_text(key);
        if (key.field.empty() && key.form == nullptr && key.below && key.below->keys.empty()) {
            type = "empty map";
        }
        out_ += fmt::format(".TP\n.BR {} \" ({})\"\n", escaped(name), escaped(type));
        std::string text = doc_of(key);
        const std::string otherwise = default_text_of(key);
        if (!otherwise.empty()) text += fmt::format(" Default: {}.", otherwise);
        if (!key.field.empty() && key.setting().has_reference()) {
            text += fmt::format(" See {}.", key.setting().reference());
        }
        const bool accepted = std::ranges::any_of(key.sets, [](const FieldDescriptor* field) {
            return setting_of(field).accepted_only();
        });
        if (accepted) text += " Accepted, not carried out yet.";
        const std::string words = keywords_of(key);
        if (!words.empty()) text += fmt::format(" In keepalived.conf: {}.", words);
        out_ += escaped(text.starts_with(' ') ? text.substr(1) : text) + "\n";
    }

    void note_entries(const Key& key, const std::string& path) {
        if (key.field.empty() || key.form != nullptr) return;
        const FieldDescriptor* field = key.field.back();
        const Descriptor* type = field->message_type();
        if (type == nullptr || find_value_form(type) != nullptr || !met_.insert(type).second)
            return;
        waiting_.push_back({type, map_key_of(field) != nullptr ? path + ".NAME"
                                  : field->is_repeated()       ? path + "[]"
                                                               : path});
    }

    std::string out_;
    std::deque<Waiting> waiting_;
    std::set<const Descriptor*> met_;
};

}  // namespace

std::string make_manual() {
    return Manual().make();
}

}  // namespace holdfast::config::yaml
