namespace Dpf.Provisioning.Bfbs;

/// <summary>The cyclic redundancy check of IEEE 802.3, eight bytes a step: boot images have more than a gigabyte.</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;
    private static readonly uint[][] Tables = MakeTables();

    /// <summary>The check of bytes that follow others.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="before">The check of those before; 0 for none.</param>
    public static uint Of(ReadOnlySpan<byte> bytes, uint before = 0)
    {
        var crc = ~before;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            crc ^= (uint)(bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24));
            crc = Tables[7][(byte)crc] ^ Tables[6][(byte)(crc >> 8)] ^ Tables[5][(byte)(crc >> 16)] ^ Tables[4][crc >> 24] ^
                Tables[3][bytes[4]] ^ Tables[2][bytes[5]] ^ Tables[1][bytes[6]] ^ Tables[0][bytes[7]];
        }

        foreach (var value in bytes)
        {
            crc = Tables[0][(byte)crc ^ value] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint[][] MakeTables()
    {
        var tables = new uint[8][];
        for (var step = 0; step < tables.Length; step++)
        {
            tables[step] = new uint[256];
            for (uint i = 0; i < 256; i++)
            {
                tables[step][i] = step > 0
                    ? tables[0][(byte)tables[step - 1][i]] ^ (tables[step - 1][i] >> 8)
                    : Enumerable.Range(0, 8).Aggregate(i, (crc, _) => (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ Polynomial);
            }
        }

        return tables;
    }
}
