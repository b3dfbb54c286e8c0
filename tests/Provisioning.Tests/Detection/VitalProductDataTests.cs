using System.Text;
using Dpf.Provisioning.Detection;

namespace Dpf.Provisioning.Tests.Detection;

public sealed class VitalProductDataTests
{
    private const string Name = "NVIDIA BlueField-3 B3140H E-Series HHHL SuperNIC, 400GbE, single-port QSFP112, 8 Arm cores, 16GB on-board DDR, integrated BMC";

    [Fact]
    public void ACardSaysItsNameItsMemoryAndItsPartNumber()
    {
        var data = VitalProductData.Parse(Resources((0x02, Text(Name)), (0x10, [.. Field("EC", "A1"), .. Field("PN", "900-9D3D4-00EN-HA0 "), .. Field("SN", "MT1")])));
        Assert.Equal((Name, "900-9D3D4-00EN-HA0", 16), (data.Name, data.PartNumber, data.MemoryGib));
    }

    [Theory]
    [InlineData("BlueField-2 DPU 25GbE Dual-Port SFP56, Crypto Enabled, 16GB on-board DDR, 1GbE OOB management", 16)]
    [InlineData("BlueField-3, 32 GB on-board DDR", 32)]
    [InlineData("ConnectX-7 HHHL adapter card, 200GbE", null)]
    public void TheMemoryIsInTheName(string name, int? expected) => Assert.Equal(expected, VitalProductData.Parse(Resources((0x02, Text(name)))).MemoryGib);

    [Fact]
    public void WhateverIsCutOffOrUnknownIsLeftOut()
    {
        var whole = Resources((0x02, Text(Name)), (0x11, Field("RW", "x")), (0x10, Field("PN", "900-1")));
        for (var length = 0; length <= whole.Length; length++)
        {
            var data = VitalProductData.Parse(whole.AsSpan(0, length));
            Assert.True(data.Name is "" or Name, data.Name);
            Assert.True(data.PartNumber is null or "900-1", data.PartNumber);
        }

        Assert.Equal("900-1", VitalProductData.Parse(whole).PartNumber);
        Assert.Equal(("", (string?)null), (VitalProductData.Parse([0xFF, 0xFF, 0xFF, 0xFF]).Name, VitalProductData.Parse(new byte[64]).PartNumber));
    }

    private static byte[] Text(string text) => Encoding.ASCII.GetBytes(text);

    private static byte[] Field(string keyword, string text) => [.. Text(keyword), (byte)text.Length, .. Text(text)];

    private static byte[] Resources(params (int Tag, byte[] Content)[] resources) =>
        [.. resources.SelectMany(r => (byte[])[(byte)(0x80 | r.Tag), (byte)r.Content.Length, (byte)(r.Content.Length >> 8), .. r.Content]), 0x78];
}
