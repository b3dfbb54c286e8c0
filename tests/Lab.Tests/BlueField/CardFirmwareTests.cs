using Dpf.Lab.BlueField;

namespace Dpf.Lab.Tests.BlueField;

public sealed class CardFirmwareTests
{
    [Fact]
    public void A_card_comes_with_the_guides_number_of_virtual_functions() => Assert.Equal(46, new CardFirmware().VirtualFunctions);

    [Theory]
    [InlineData("NUM_OF_VFS=250\n", 250)]
    [InlineData("SRIOV_EN=1\nNUM_OF_VFS=8\nNUM_OF_VFS=16\n", 16)]
    [InlineData("NUM_OF_VFS=1000\n", 254)]
    [InlineData("SRIOV_EN=0\nNUM_OF_VFS=46\n", 0)]
    [InlineData("PF_TOTAL_SF=20\n", 46)]
    [InlineData("", 46)]
    public void What_was_set_is_in_force_after_a_reset(string nextBoot, int functions)
    {
        var firmware = new CardFirmware();
        firmware.Apply(nextBoot);
        Assert.Equal(functions, firmware.VirtualFunctions);
        firmware.Apply("");
        Assert.Equal(functions, firmware.VirtualFunctions);
    }
}
