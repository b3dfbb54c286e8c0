using Dpf.Helm.Yaml;

namespace Dpf.Helm.Tests;

public sealed class YamlEditTests
{
    [Fact]
    public void OnlyWhatIsReplacedChanges() => Assert.Equal(
        """
        # what it is
        a:
          image:   # which
            repository: "registry:5000/x"
            tag: "v2"   # new
          list: [1, {image: {tag: stays}}]
        other: "told"
        empty: "filled"
        text: |
          image: {tag: v1}

        """,
        YamlEdit.Replace(
            """
            # what it is
            a:
              image:   # which
                repository: 'y'
                tag: v1   # new
              list: [1, {image: {tag: stays}}]
            other: ""
            empty:
            text: |
              image: {tag: v1}

            """,
            "values.yaml",
            path => path switch
            {
                "a.image.repository" => "registry:5000/x",
                "a.image.tag" => "v2",
                "other" => "told",
                "empty" => "filled",
                _ => null,
            }));

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    public void WhereNothingIsNothingChanges(string yaml) => Assert.Equal(yaml, YamlEdit.Replace(yaml, "values.yaml", _ => "x"));

    [Fact]
    public void WhatIsNoYamlIsToldWithItsLine() => Assert.StartsWith(
        "values.yaml: line 2:", Assert.Throws<FormatException>(() => YamlEdit.Replace("a: 1\nb: c: d\n", "values.yaml", _ => null)).Message, StringComparison.Ordinal);
}
