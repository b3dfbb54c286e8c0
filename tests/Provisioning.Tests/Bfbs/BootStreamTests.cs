using System.Security.Cryptography;
using Dpf.Lab.Repository;
using Dpf.Provisioning.Bfbs;

namespace Dpf.Provisioning.Tests.Bfbs;

/// <summary>Boot streams as the lab writes them, which knows nothing of this reader.</summary>
public sealed class BootStreamTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("bf-bundle-2.9.1-lab.bfb", 4096)]
    [InlineData("bf-bundle-2.9.1-lab.bfb", 3_000_001)]
    public async Task AWholeStreamIsReadToItsEnd(string name, int size)
    {
        var bytes = BootImage.Create(name, size);
        var content = await ReadAsync(bytes);
        Assert.Equal((bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes))), ((int)content.Length, content.Sha256));
        var versions = BootVersions.Parse(content.Information)!;
        Assert.Equal(("2.9.1", "4.9.1.13494", "4.9.1-15-g4f51a1a", "v2.2(release):4.9.1-11-gc0e8ab5"), (versions.Doca, versions.Bsp, versions.Uefi, versions.Atf));
    }

    [Fact]
    public async Task EveryByteThatIsChangedIsNoticed()
    {
        var bytes = BootImage.Create("a", 2000);
        for (var at = 0; at < bytes.Length; at++)
        {
            // What a header says of versions of the format and of images that follow is told apart by what is there.
            if (bytes.AsSpan(at & ~7).Length >= 8 && IsHint(bytes, at))
            {
                continue;
            }

            bytes[at] ^= 0x10;
            await Assert.ThrowsAsync<FormatException>(() => ReadAsync(bytes));
            bytes[at] ^= 0x10;
        }
    }

    [Fact]
    public async Task EveryShorterStreamIsNoticedAndWhatFollowsTheLastImageIsNoPartOfIt()
    {
        var bytes = BootImage.Create("a", 1500);
        for (var length = 0; length < bytes.Length; length++)
        {
            await Assert.ThrowsAsync<FormatException>(() => ReadAsync(bytes[..length]));
        }

        Assert.Equal(bytes.Length + 100, (await ReadAsync([.. bytes, .. new byte[100]])).Length);
    }

    [Fact]
    public async Task TheMessageSaysWhatIsWrong()
    {
        var bytes = BootImage.Create("a", 1500);
        Assert.Contains("is no BlueField boot stream", await FailureAsync("<html>"u8.ToArray()), StringComparison.Ordinal);
        Assert.Contains("is cut off: image 4 (id 63) has ", await FailureAsync(bytes[..^8]), StringComparison.Ordinal);
        Assert.Contains("ends before its last image", await FailureAsync(bytes[..40]), StringComparison.Ordinal);
        bytes[26] ^= 1;
        Assert.Contains("is damaged: image 1 (id 57, at byte 24) has check ", await FailureAsync(bytes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.9.1008-1", "2.9.1")]
    [InlineData("3.0.0058", "3.0.0")]
    [InlineData("3.0.0", "3.0.0")]
    [InlineData("2.9", "2.9")]
    [InlineData("dev", "dev")]
    [InlineData(null, null)]
    public void DocaIsWrittenAsItsDocumentsWriteIt(string? version, string? expected) => Assert.Equal(expected, BootVersions.Doca(version));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("no JSON")]
    [InlineData("{}")]
    [InlineData("""{"Members": "none"}""")]
    [InlineData("""{"Members": [1, {"Name": 5}, {"Name": "DOCA"}, {"Name": "other", "Version": "1"}]}""")]
    public void AnImageThatSaysNothingOfItsVersionsHasNone(string? information) => Assert.Null(BootVersions.Parse(information));

    [Fact]
    public void BlueField2IsTakenWhereThereIsNothingOfBlueField3() => Assert.Equal(
        "4.2", BootVersions.Parse("""{"Members": [{"Name": "BF2_BSP", "Version": " 4.2 "}]}""")!.Bsp);

    [Fact]
    public void TheCheckIsThatOfTheStandard()
    {
        Assert.Equal(0xCBF43926, Crc32.Of("123456789"u8));
        Assert.Equal(Crc32.Of("123456789"u8), Crc32.Of("6789"u8, Crc32.Of("12345"u8)));
        Assert.Equal(0u, Crc32.Of([]));
    }

    private static bool IsHint(byte[] bytes, int at)
    {
        for (var header = 0; header + 24 <= bytes.Length;)
        {
            var within = at - header;
            if (within is >= 0 and < 24)
            {
                // The minor version and those of images (bytes 4 to 6), what the image is (7), and what follows (16 to 23).
                return within is (>= 4 and <= 7) or >= 16;
            }

            header += 24 + ((BitConverter.ToInt32(bytes, header + 8) + 7) & ~7);
        }

        return false;
    }

    private static async Task<string> FailureAsync(byte[] bytes) => (await Assert.ThrowsAsync<FormatException>(() => ReadAsync(bytes))).Message;

    private static async Task<BootStreamContent> ReadAsync(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return await BootStream.InspectAsync(stream, Cancellation);
    }
}
