using System.Diagnostics;
using Dpf.Provisioning.Flavors;
using FsCheck.Xunit;
using YamlDotNet.RepresentationModel;

namespace Dpf.Provisioning.Tests.Flavors;

public sealed class QuotingTests
{
    [Property(MaxTest = 500)]
    public void WhatIsPutIntoYamlComesOutAgain(FsCheck.NonNull<string> any, bool isLine)
    {
        // A lone surrogate is no text.
        var text = string.Concat(any.Get.Where(c => !char.IsSurrogate(c) && c != '\ufffe' && c != '\uffff')) + (isLine ? "\n" : "");
        var stream = new YamlStream();
        stream.Load(new StringReader("- key: " + Quoting.YamlBlock(text, 2) + "\n- after\n"));
        var list = (YamlSequenceNode)stream.Documents[0].RootNode;
        Assert.Equal(text, ((YamlScalarNode)list[0]["key"]).Value);
        Assert.Equal("after", (string)list[1]!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("plain-word_1.2:3=4")]
    [InlineData("it's a \"test\" $HOME `id` \\ * ;")]
    [InlineData("two\nlines\n")]
    [InlineData("EOF\n$EOF\nEOF_\n")]
    public async Task WhatIsPutIntoAShellComesOutAgain(string text)
    {
        var script = $"printf '%s' {Quoting.ShellWord(text)}\nprintf '|'\n" + Quoting.HereDocument("cat", text.EndsWith('\n') ? text : text + "\n");
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-ec", script]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        Assert.Equal(text + "|" + (text.EndsWith('\n') ? text : text + "\n"), await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
    }
}
