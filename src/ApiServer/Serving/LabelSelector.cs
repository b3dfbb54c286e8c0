using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Serving;

/// <summary>A condition on labels, e.g. <c>app in (a,b),!old</c>.</summary>
public sealed class LabelSelector
{
    private readonly IReadOnlyList<Requirement> _requirements;

    private LabelSelector(IReadOnlyList<Requirement> requirements) => _requirements = requirements;

    /// <summary>Whether every object matches.</summary>
    public bool IsEmpty => _requirements.Count == 0;

    /// <summary>Reads the text form.</summary>
    /// <exception cref="ApiException">It is no selector.</exception>
    public static LabelSelector Parse(string? text)
    {
        var requirements = new List<Requirement>();
        var tokens = new Tokens(text ?? "");
        while (tokens.Peek() is not null)
        {
            requirements.Add(ReadRequirement(tokens));
            switch (tokens.Take())
            {
                case null:
                    return new LabelSelector(requirements);
                case ",":
                    if (tokens.Peek() is null or ",")
                    {
                        throw ApiErrors.BadRequest($"found '{tokens.Peek()}', expected: identifier after ','");
                    }

                    break;
                case var other:
                    throw ApiErrors.BadRequest($"unable to parse requirement: found '{other}', expected: ',' or 'end of string'");
            }
        }

        return new LabelSelector(requirements);
    }

    /// <summary>Reads the form in objects: <c>matchLabels</c> and <c>matchExpressions</c>. Null matches nothing.</summary>
    public static LabelSelector? From(JsonNode? selector)
    {
        if (selector is not JsonObject)
        {
            return null;
        }

        var requirements = new List<Requirement>();
        foreach (var (key, value) in selector["matchLabels"] as JsonObject ?? [])
        {
            requirements.Add(new Requirement(key, "in", [value.Text() ?? ""]));
        }

        foreach (var expression in selector.Objects("matchExpressions"))
        {
            requirements.Add(new Requirement(
                expression.Text("key") ?? "",
                expression.Text("operator") switch
                {
                    "In" => "in",
                    "NotIn" => "notin",
                    "Exists" => "exists",
                    "DoesNotExist" => "!",
                    var other => other ?? "",
                },
                [.. expression.Texts("values")]));
        }

        return new LabelSelector(requirements);
    }

    /// <summary>Whether a set of labels matches.</summary>
    public bool Matches(Func<string, string?> label)
    {
        foreach (var requirement in _requirements)
        {
            if (!requirement.Matches(label(requirement.Key)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether an object's labels match.</summary>
    public bool Matches(JsonObject value) => IsEmpty || Matches(key => value.Text("metadata", "labels", key));

    internal bool Matches(JsonElement root)
    {
        if (IsEmpty)
        {
            return true;
        }

        var labels = root.TryGetProperty("metadata", out var metadata) && metadata.TryGetProperty("labels", out var found) &&
            found.ValueKind == JsonValueKind.Object ? found : default;
        return Matches(key => labels.ValueKind == JsonValueKind.Object && labels.TryGetProperty(key, out var value)
            ? value.GetString() : null);
    }

    private static Requirement ReadRequirement(Tokens tokens)
    {
        var key = tokens.Take()!;
        if (key == "!")
        {
            return new Requirement(tokens.Take() ?? "", "!", []);
        }

        if (key is "," or "(" or ")" or "=" or "==" or "!=" or "<" or ">")
        {
            throw ApiErrors.BadRequest($"unable to parse requirement: found '{key}', expected: !, identifier, or 'end of string'");
        }

        switch (tokens.Peek())
        {
            case null or ",":
                return new Requirement(key, "exists", []);
            case "=" or "==":
                tokens.Take();
                return new Requirement(key, "in", [Operand(tokens)]);
            case "!=":
                tokens.Take();
                return new Requirement(key, "notin", [Operand(tokens)]);
            case "<" or ">":
                return new Requirement(key, tokens.Take()!, [Operand(tokens)]);
            case "in" or "notin":
                var verb = tokens.Take()!;
                return new Requirement(key, verb, Values(tokens));
            case var other:
                throw ApiErrors.BadRequest(
                    $"unable to parse requirement: found '{other}', expected: in, notin, =, ==, !=, gt, lt");
        }
    }

    private static string Operand(Tokens tokens) => tokens.Peek() is null or "," ? "" : tokens.Take()!;

    private static List<string> Values(Tokens tokens)
    {
        if (tokens.Take() != "(")
        {
            throw ApiErrors.BadRequest("unable to parse requirement: found '', expected: '('");
        }

        var values = new List<string>();
        var expectValue = true;
        while (true)
        {
            switch (tokens.Take())
            {
                case null:
                    throw ApiErrors.BadRequest("unable to parse requirement: found '', expected: ',', or ')'");
                case ")":
                    if (expectValue)
                    {
                        values.Add("");
                    }

                    return values;
                case ",":
                    if (expectValue)
                    {
                        values.Add("");
                    }

                    expectValue = true;
                    break;
                case var value:
                    values.Add(value);
                    expectValue = false;
                    break;
            }
        }
    }

    private sealed record Requirement(string Key, string Operator, IReadOnlyList<string> Values)
    {
        public bool Matches(string? value) => Operator switch
        {
            "in" => value is not null && Values.Contains(value),
            "notin" => value is null || !Values.Contains(value),
            "exists" => value is not null,
            "!" => value is null,
            ">" => Number(value) is { } left && Number(Values[0]) is { } right && left > right,
            "<" => Number(value) is { } left && Number(Values[0]) is { } right && left < right,
            _ => false,
        };

        private static long? Number(string? text) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private sealed class Tokens(string text)
    {
        private int _at;

        public string? Peek()
        {
            var at = _at;
            var token = Take();
            _at = at;
            return token;
        }

        public string? Take()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
            {
                _at++;
            }

            if (_at == text.Length)
            {
                return null;
            }

            var start = _at;
            if (IsSpecial(text[_at]))
            {
                _at++;
                if (_at < text.Length && text[_at] == '=' && (text[start] is '=' or '!'))
                {
                    _at++;
                }

                return text[start.._at];
            }

            while (_at < text.Length && !char.IsWhiteSpace(text[_at]) && !IsSpecial(text[_at]))
            {
                _at++;
            }

            return text[start.._at];
        }

        private static bool IsSpecial(char c) => c is '=' or '!' or '(' or ')' or ',' or '>' or '<';
    }
}
