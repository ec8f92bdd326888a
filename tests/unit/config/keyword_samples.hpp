// Samples of every keyword: derived from keywords.tsv, and written ones.
//
// tests/recorded/keywords/ holds
// * blocks.tsv: a block's path as in keywords.tsv, then a configuration with one such block. `%`
//   stands where statements go; `\n` ends a line.
// * global.tsv, vrrp.tsv, network.tsv, services.tsv, bfd.tsv: written samples, in columns:
//     block    as in keywords.tsv
//     keyword  as in keywords.tsv; of an "(entry)" the line itself stands under `words`
//     before   statements before it in the same block (`\n` between two), or, with a `%` in it,
//              the whole configuration around the statement; `-`: nothing
//     words    what follows the keyword, a block's braces and all; `-`: nothing.
//              `*`: no sample, but what stands before the derived samples of this keyword.
//              `!`: no sample, and none is derived for this keyword.
//              A sample with the words of a derived one replaces it.
//     finding  classes of findings that there must be, joined with `+`; all errors must be of
//              these. `-`: no errors. Warnings may be there without being named.
//     fields   PATH=VALUE, joined with ` ; `, in the written model, seen from the message of the
//              block or of the one around it; `-`: not looked at. PATH is field.field; of repeated
//              ones the last, or field[N]; `field#` is their number; VALUE is empty for an unset
//              field. Addresses are text, strings have no quotes, a message is protobuf's text.
//     keepalived   `-`: the exit status of keepalived 2.2.7 -t is ours. Otherwise that status and
//              the reason for the difference; `?` instead of a status: not compared.
// * differences.tsv: block, keyword, words of a derived sample or `*`, then the last column as
//   above. Keywords that are younger than 2.2.7 need no row.
// * missing.txt: keywords that lead to no field yet. It can only shrink.
// * accepted_only/PROTO.txt: fields that are kept, not carried out, by the file they stand in.
// HOLDFAST_REWRITE=1 writes missing.txt and accepted_only/ anew.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "proto/options.pb.h"

namespace holdfast::config::testing {

inline const std::filesystem::path kKeywordFolder = HOLDFAST_RECORDED_KEYWORDS;

/// A line of keywords.tsv.
struct KeywordRow {
    std::string block;
    std::string keyword;
    std::string arguments;
    std::string flags;
    std::string since;

    [[nodiscard]] bool has_flag(char flag) const { return flags.find(flag) != std::string::npos; }
    [[nodiscard]] std::string name() const { return block + "\t" + keyword; }
};
[[nodiscard]] std::vector<KeywordRow> keyword_rows();

struct Sample {
    std::string block;
    std::string keyword;
    std::string words;
    std::string text;  // the whole configuration
    /// What -t must say: keepalived's status without errors is 0.
    bool accepted = false;
    bool derived = false;
    bool missing_word_ends = false;
    std::vector<std::string> classes;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string keepalived = "-";

    [[nodiscard]] std::string title() const { return block + " " + keyword + " " + words; }
};

/// All samples: written ones first, then those derived for each row.
[[nodiscard]] std::vector<Sample> all_samples();

/// The configuration of a block with nothing put into it; empty when blocks.tsv has none.
[[nodiscard]] std::string bare_block(const std::string& block);

/// The way from Config to the field of a keyword.
struct FieldOfKeyword {
    std::vector<const google::protobuf::FieldDescriptor*> path;
    const v1::Setting* setting = nullptr;
    bool deprecated = false;
};
[[nodiscard]] std::optional<FieldOfKeyword> field_of(const KeywordRow& row);
[[nodiscard]] std::optional<FieldOfKeyword> field_of(std::string_view block,
                                                     std::string_view keyword);

/// The value at the end of a path, of repeated fields always the last; empty when unset.
[[nodiscard]] std::string value_at(const google::protobuf::Message& config,
                                   const FieldOfKeyword& field);
/// The value of PATH as the samples write it, seen from the last block of this name.
[[nodiscard]] std::string value_at(const google::protobuf::Message& config,
                                   const std::string& block, std::string_view path);

/// Lines of a tab-separated table, without comments.
[[nodiscard]] std::vector<std::vector<std::string>> table(const std::filesystem::path& file);

}  // namespace holdfast::config::testing
