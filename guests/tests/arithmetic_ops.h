/* SPDX-License-Identifier: MIT */
/*
 * X(name, kind, size, instruction, hash): the operands are RAX and RBX (CL where the kind is a
 * shift), RDX takes part. The hash covers results and defined flags over all operands of the sweep;
 * its value comes from the same instructions run natively.
 */
#define OPERATIONS(X)                                                                              \
	X(add8, ARITHMETIC, 8, "add %%bl, %%al", 0x23b4081e27081b7f)                               \
	X(adc8, ARITHMETIC, 8, "adc %%bl, %%al", 0x83a54763b2c3ead9)                               \
	X(sub8, ARITHMETIC, 8, "sub %%bl, %%al", 0x1f8f399a1a31b785)                               \
	X(sbb8, ARITHMETIC, 8, "sbb %%bl, %%al", 0x9de46ff4aee43548)                               \
	X(cmp8, ARITHMETIC, 8, "cmp %%bl, %%al", 0x45401fd8edf9addb)                               \
	X(and8, LOGIC, 8, "and %%bl, %%al", 0xcbaed656612484ce)                                    \
	X(or8, LOGIC, 8, "or %%bl, %%al", 0xd4ef5c65b6a6ab1)                                       \
	X(xor8, LOGIC, 8, "xor %%bl, %%al", 0x79ecec06cc9903e7)                                    \
	X(test8, LOGIC, 8, "test %%bl, %%al", 0xc8d1d8ca5d880692)                                  \
	X(inc8, ARITHMETIC, 8, "inc %%al", 0x8007aa43ac31c162)                                     \
	X(dec8, ARITHMETIC, 8, "dec %%al", 0x252491cd516cf197)                                     \
	X(neg8, ARITHMETIC, 8, "neg %%al", 0x480765cfdcdcb42d)                                     \
	X(not8, NO_FLAGS, 8, "not %%al", 0xc0f754525e68f2a2)                                       \
	X(xadd8, ARITHMETIC, 8, "xadd %%al, %%bl", 0x6578d6082411634d)                             \
	X(cmpxchg8, ARITHMETIC, 8, "cmpxchg %%dl, %%bl", 0xfe0ea240a16550d0)                       \
	X(mul8, MULTIPLY, 8, "mul %%bl", 0x35f1cb7c1ba85a4c)                                       \
	X(imul8, MULTIPLY, 8, "imul %%bl", 0xfb6e87040bd5fbfc)                                     \
	X(shl8, SHIFT, 8, "shl %%cl, %%al", 0x419c4692721e12d6)                                    \
	X(shr8, SHIFT, 8, "shr %%cl, %%al", 0x7652306af84424a3)                                    \
	X(sar8, SHIFT, 8, "sar %%cl, %%al", 0xb3d3aa04e5dbaf77)                                    \
	X(rol8, ROTATE, 8, "rol %%cl, %%al", 0x49e7b5f2d44e2842)                                   \
	X(ror8, ROTATE, 8, "ror %%cl, %%al", 0xc51feb0daf8cf5cf)                                   \
	X(rcl8, ROTATE, 8, "rcl %%cl, %%al", 0xcbdc6c38a6590717)                                   \
	X(rcr8, ROTATE, 8, "rcr %%cl, %%al", 0xe7ce40b7ecbb61c)                                    \
	X(add16, ARITHMETIC, 16, "add %%bx, %%ax", 0x6af64365661fcdf8)                             \
	X(adc16, ARITHMETIC, 16, "adc %%bx, %%ax", 0x5474347695819a15)                             \
	X(sub16, ARITHMETIC, 16, "sub %%bx, %%ax", 0x172bedfe4f60a265)                             \
	X(sbb16, ARITHMETIC, 16, "sbb %%bx, %%ax", 0x7dfac58cce42232d)                             \
	X(cmp16, ARITHMETIC, 16, "cmp %%bx, %%ax", 0xe1a92d88bc5b8401)                             \
	X(and16, LOGIC, 16, "and %%bx, %%ax", 0x784fca1393ed579e)                                  \
	X(or16, LOGIC, 16, "or %%bx, %%ax", 0x193a77e1f3da4dec)                                    \
	X(xor16, LOGIC, 16, "xor %%bx, %%ax", 0x31e061d9522b8c31)                                  \
	X(test16, LOGIC, 16, "test %%bx, %%ax", 0x658bf026c99da736)                                \
	X(inc16, ARITHMETIC, 16, "inc %%ax", 0xf73b341fae2a1e19)                                   \
	X(dec16, ARITHMETIC, 16, "dec %%ax", 0xd04022264b7639a1)                                   \
	X(neg16, ARITHMETIC, 16, "neg %%ax", 0x5b24f6ee8620c982)                                   \
	X(not16, NO_FLAGS, 16, "not %%ax", 0x9728c510409f051)                                      \
	X(xadd16, ARITHMETIC, 16, "xadd %%ax, %%bx", 0xa7ee943701f97bca)                           \
	X(cmpxchg16, ARITHMETIC, 16, "cmpxchg %%dx, %%bx", 0x9d0f0911454cd7d9)                     \
	X(mul16, MULTIPLY, 16, "mul %%bx", 0xc1bf5a75c9ef7ca9)                                     \
	X(imul16, MULTIPLY, 16, "imul %%bx", 0x347fed975243d9f)                                    \
	X(shl16, SHIFT, 16, "shl %%cl, %%ax", 0x863265f44d3cfc55)                                  \
	X(shr16, SHIFT, 16, "shr %%cl, %%ax", 0x159098092459abd5)                                  \
	X(sar16, SHIFT, 16, "sar %%cl, %%ax", 0x586b2e5dcc088583)                                  \
	X(rol16, ROTATE, 16, "rol %%cl, %%ax", 0x3d35a8afb9d6d263)                                 \
	X(ror16, ROTATE, 16, "ror %%cl, %%ax", 0xc33540bda2422011)                                 \
	X(rcl16, ROTATE, 16, "rcl %%cl, %%ax", 0xd9edbbe5da456dfb)                                 \
	X(rcr16, ROTATE, 16, "rcr %%cl, %%ax", 0x72315f9de16ea9fe)                                 \
	X(add32, ARITHMETIC, 32, "add %%ebx, %%eax", 0x5cbc510659db39ed)                           \
	X(adc32, ARITHMETIC, 32, "adc %%ebx, %%eax", 0x3149d11e0fdf8eb)                            \
	X(sub32, ARITHMETIC, 32, "sub %%ebx, %%eax", 0xe7aec2cea56eebf9)                           \
	X(sbb32, ARITHMETIC, 32, "sbb %%ebx, %%eax", 0xf5369fb70c7956b9)                           \
	X(cmp32, ARITHMETIC, 32, "cmp %%ebx, %%eax", 0xa64082ec2f2dc7c4)                           \
	X(and32, LOGIC, 32, "and %%ebx, %%eax", 0x76e2c96f551c7d55)                                \
	X(or32, LOGIC, 32, "or %%ebx, %%eax", 0xf0e77abf9802147b)                                  \
	X(xor32, LOGIC, 32, "xor %%ebx, %%eax", 0x8e8b1d69d222f708)                                \
	X(test32, LOGIC, 32, "test %%ebx, %%eax", 0xdd8e2e0782abf025)                              \
	X(inc32, ARITHMETIC, 32, "inc %%eax", 0x684c0990abc47bc4)                                  \
	X(dec32, ARITHMETIC, 32, "dec %%eax", 0x8a8678fa0075e6b4)                                  \
	X(neg32, ARITHMETIC, 32, "neg %%eax", 0xa2b7900c95a88af4)                                  \
	X(not32, NO_FLAGS, 32, "not %%eax", 0x49110afd4645c1c6)                                    \
	X(xadd32, ARITHMETIC, 32, "xadd %%eax, %%ebx", 0x301d870f6b8779c1)                         \
	X(cmpxchg32, ARITHMETIC, 32, "cmpxchg %%edx, %%ebx", 0x8a876a6584703bda)                   \
	X(mul32, MULTIPLY, 32, "mul %%ebx", 0xf8e2eda3107e1ea3)                                    \
	X(imul32, MULTIPLY, 32, "imul %%ebx", 0x9ce049cbc1b0d9f4)                                  \
	X(shl32, SHIFT, 32, "shl %%cl, %%eax", 0x56bcd21d3244771a)                                 \
	X(shr32, SHIFT, 32, "shr %%cl, %%eax", 0x4055107f3e3ff1f1)                                 \
	X(sar32, SHIFT, 32, "sar %%cl, %%eax", 0x5719ce58b6ef5591)                                 \
	X(rol32, ROTATE, 32, "rol %%cl, %%eax", 0x24f338f938b1a46d)                                \
	X(ror32, ROTATE, 32, "ror %%cl, %%eax", 0xc03d201b6651cf68)                                \
	X(rcl32, ROTATE, 32, "rcl %%cl, %%eax", 0x98cd7735d43f41c4)                                \
	X(rcr32, ROTATE, 32, "rcr %%cl, %%eax", 0xa562e63144ecfe99)                                \
	X(add64, ARITHMETIC, 64, "add %%rbx, %%rax", 0x697a182eefcb9eb9)                           \
	X(adc64, ARITHMETIC, 64, "adc %%rbx, %%rax", 0x239f52ddd58e72d)                            \
	X(sub64, ARITHMETIC, 64, "sub %%rbx, %%rax", 0x4daa096831259580)                           \
	X(sbb64, ARITHMETIC, 64, "sbb %%rbx, %%rax", 0x40aad1f83f795f7a)                           \
	X(cmp64, ARITHMETIC, 64, "cmp %%rbx, %%rax", 0xd37d7661ccc8349f)                           \
	X(and64, LOGIC, 64, "and %%rbx, %%rax", 0x2f43d79eb887edaf)                                \
	X(or64, LOGIC, 64, "or %%rbx, %%rax", 0x15cdce6bf033bb33)                                  \
	X(xor64, LOGIC, 64, "xor %%rbx, %%rax", 0x8696cde3df2a8836)                                \
	X(test64, LOGIC, 64, "test %%rbx, %%rax", 0xd0e19446dcea3b25)                              \
	X(inc64, ARITHMETIC, 64, "inc %%rax", 0x9a0de2029fdd2ce8)                                  \
	X(dec64, ARITHMETIC, 64, "dec %%rax", 0x13bf4b3b21f7dd35)                                  \
	X(neg64, ARITHMETIC, 64, "neg %%rax", 0x29aeba08000800d5)                                  \
	X(not64, NO_FLAGS, 64, "not %%rax", 0x404c0c327bd29b03)                                    \
	X(xadd64, ARITHMETIC, 64, "xadd %%rax, %%rbx", 0xa3cc1fb042d7431a)                         \
	X(cmpxchg64, ARITHMETIC, 64, "cmpxchg %%rdx, %%rbx", 0xf410004bec068cf8)                   \
	X(mul64, MULTIPLY, 64, "mul %%rbx", 0xb14300dec4e8a12d)                                    \
	X(imul64, MULTIPLY, 64, "imul %%rbx", 0x32b16c44094211c2)                                  \
	X(shl64, SHIFT, 64, "shl %%cl, %%rax", 0x39f8fc4a8f9bfaba)                                 \
	X(shr64, SHIFT, 64, "shr %%cl, %%rax", 0x86b0500380c19bb)                                  \
	X(sar64, SHIFT, 64, "sar %%cl, %%rax", 0xae581ffa46b66b8f)                                 \
	X(rol64, ROTATE, 64, "rol %%cl, %%rax", 0x9947a4c2d733f03b)                                \
	X(ror64, ROTATE, 64, "ror %%cl, %%rax", 0xb20bf9cb93919c4f)                                \
	X(rcl64, ROTATE, 64, "rcl %%cl, %%rax", 0x66c0415fb4116d07)                                \
	X(rcr64, ROTATE, 64, "rcr %%cl, %%rax", 0x81874a8f390d6477)                                \
	X(imul2_16, MULTIPLY, 16, "imul %%bx, %%ax", 0x3b33b823198dbda8)                           \
	X(imul3_16, MULTIPLY, 16, "imul $-77, %%bx, %%ax", 0x37d6d4587e5dfd0c)                     \
	X(shld16, DOUBLE, 16, "shld %%cl, %%dx, %%ax", 0xefa6743853cb9033)                         \
	X(shrd16, DOUBLE, 16, "shrd %%cl, %%dx, %%ax", 0x4e6f7ff2582c75f)                          \
	X(bt16, BIT_TEST, 16, "bt %%bx, %%ax", 0x20dbc6d21c16197e)                                 \
	X(bts16, BIT_TEST, 16, "bts %%bx, %%ax", 0x5f48dfed1aa480ca)                               \
	X(btr16, BIT_TEST, 16, "btr %%bx, %%ax", 0xaf2fde57a9f4b857)                               \
	X(btc16, BIT_TEST, 16, "btc %%bx, %%ax", 0x8d4ce1e9d6dd610e)                               \
	X(bsf16, SCAN, 16, "bsf %%bx, %%ax", 0xab8814f20f56e69)                                    \
	X(bsr16, SCAN, 16, "bsr %%bx, %%ax", 0x1aca3efdebae20e7)                                   \
	X(lzcnt16, COUNT, 16, "lzcnt %%bx, %%ax", 0xb1c5b686a29c7eae)                              \
	X(tzcnt16, COUNT, 16, "tzcnt %%bx, %%ax", 0xb81ff2f8bcf36050)                              \
	X(popcnt16, ARITHMETIC, 16, "popcnt %%bx, %%ax", 0xdff5c8f7d9f2a9e5)                       \
	X(cmovb_16, ARITHMETIC, 16, "cmovb %%bx, %%ax", 0x4a0e78bda96d19d6)                        \
	X(cmovz_16, ARITHMETIC, 16, "cmovz %%bx, %%ax", 0x4a0e78bda96d19d6)                        \
	X(cmovl_16, ARITHMETIC, 16, "cmovl %%bx, %%ax", 0x40546ac0a4e1eae)                         \
	X(cmovle_16, ARITHMETIC, 16, "cmovle %%bx, %%ax", 0x4a0e78bda96d19d6)                      \
	X(cmovo_16, ARITHMETIC, 16, "cmovo %%bx, %%ax", 0x4a0e78bda96d19d6)                        \
	X(cmovp_16, ARITHMETIC, 16, "cmovp %%bx, %%ax", 0x4a0e78bda96d19d6)                        \
	X(cmovs_16, ARITHMETIC, 16, "cmovs %%bx, %%ax", 0x4a0e78bda96d19d6)                        \
	X(cmova_16, ARITHMETIC, 16, "cmova %%bx, %%ax", 0xe2212de613da834b)                        \
	X(imul2_32, MULTIPLY, 32, "imul %%ebx, %%eax", 0xb639f690b6c3e14d)                         \
	X(imul3_32, MULTIPLY, 32, "imul $-77, %%ebx, %%eax", 0x9ed9b348e10727ce)                   \
	X(shld32, DOUBLE, 32, "shld %%cl, %%edx, %%eax", 0x12217d4c548433c9)                       \
	X(shrd32, DOUBLE, 32, "shrd %%cl, %%edx, %%eax", 0x92ae6933d9241470)                       \
	X(bt32, BIT_TEST, 32, "bt %%ebx, %%eax", 0x9e216d40d176c2b2)                               \
	X(bts32, BIT_TEST, 32, "bts %%ebx, %%eax", 0xdadc704af4308302)                             \
	X(btr32, BIT_TEST, 32, "btr %%ebx, %%eax", 0x91bafbf16d195910)                             \
	X(btc32, BIT_TEST, 32, "btc %%ebx, %%eax", 0xf83d839b5e5a1925)                             \
	X(bsf32, SCAN, 32, "bsf %%ebx, %%eax", 0x3cf041abac97f4a2)                                 \
	X(bsr32, SCAN, 32, "bsr %%ebx, %%eax", 0xd3a70c0fe54fc6c8)                                 \
	X(lzcnt32, COUNT, 32, "lzcnt %%ebx, %%eax", 0x5abca569d8ec3767)                            \
	X(tzcnt32, COUNT, 32, "tzcnt %%ebx, %%eax", 0x96a3e4069a5338e7)                            \
	X(popcnt32, ARITHMETIC, 32, "popcnt %%ebx, %%eax", 0x7523a3ab95207cd2)                     \
	X(cmovb_32, ARITHMETIC, 32, "cmovb %%ebx, %%eax", 0x76eeb5ab7abfc398)                      \
	X(cmovz_32, ARITHMETIC, 32, "cmovz %%ebx, %%eax", 0x76eeb5ab7abfc398)                      \
	X(cmovl_32, ARITHMETIC, 32, "cmovl %%ebx, %%eax", 0x74dbfa1e7e1a72cc)                      \
	X(cmovle_32, ARITHMETIC, 32, "cmovle %%ebx, %%eax", 0x76eeb5ab7abfc398)                    \
	X(cmovo_32, ARITHMETIC, 32, "cmovo %%ebx, %%eax", 0x76eeb5ab7abfc398)                      \
	X(cmovp_32, ARITHMETIC, 32, "cmovp %%ebx, %%eax", 0x76eeb5ab7abfc398)                      \
	X(cmovs_32, ARITHMETIC, 32, "cmovs %%ebx, %%eax", 0x76eeb5ab7abfc398)                      \
	X(cmova_32, ARITHMETIC, 32, "cmova %%ebx, %%eax", 0xcd603513df446ef4)                      \
	X(imul2_64, MULTIPLY, 64, "imul %%rbx, %%rax", 0xd9b8f5eec7ca10c2)                         \
	X(imul3_64, MULTIPLY, 64, "imul $-77, %%rbx, %%rax", 0x57f521ef717fdbd)                    \
	X(shld64, DOUBLE, 64, "shld %%cl, %%rdx, %%rax", 0x12e58c2e39f4861b)                       \
	X(shrd64, DOUBLE, 64, "shrd %%cl, %%rdx, %%rax", 0xa7c36836ae941276)                       \
	X(bt64, BIT_TEST, 64, "bt %%rbx, %%rax", 0x7c12806d6df602f9)                               \
	X(bts64, BIT_TEST, 64, "bts %%rbx, %%rax", 0x45f61ac9a391da47)                             \
	X(btr64, BIT_TEST, 64, "btr %%rbx, %%rax", 0x18b6a31edcba9f86)                             \
	X(btc64, BIT_TEST, 64, "btc %%rbx, %%rax", 0x946749c955db726)                              \
	X(bsf64, SCAN, 64, "bsf %%rbx, %%rax", 0xecd761643116bfee)                                 \
	X(bsr64, SCAN, 64, "bsr %%rbx, %%rax", 0xfa0d417d1b1b03be)                                 \
	X(lzcnt64, COUNT, 64, "lzcnt %%rbx, %%rax", 0x4793637a8de0cef)                             \
	X(tzcnt64, COUNT, 64, "tzcnt %%rbx, %%rax", 0x49b11c9321c6a06)                             \
	X(popcnt64, ARITHMETIC, 64, "popcnt %%rbx, %%rax", 0xe31d3f4811f8e81a)                     \
	X(cmovb_64, ARITHMETIC, 64, "cmovb %%rbx, %%rax", 0xd7da77c13faf5856)                      \
	X(cmovz_64, ARITHMETIC, 64, "cmovz %%rbx, %%rax", 0xd7da77c13faf5856)                      \
	X(cmovl_64, ARITHMETIC, 64, "cmovl %%rbx, %%rax", 0x40546ac0a4e1eae)                       \
	X(cmovle_64, ARITHMETIC, 64, "cmovle %%rbx, %%rax", 0xd7da77c13faf5856)                    \
	X(cmovo_64, ARITHMETIC, 64, "cmovo %%rbx, %%rax", 0xd7da77c13faf5856)                      \
	X(cmovp_64, ARITHMETIC, 64, "cmovp %%rbx, %%rax", 0xd7da77c13faf5856)                      \
	X(cmovs_64, ARITHMETIC, 64, "cmovs %%rbx, %%rax", 0xd7da77c13faf5856)                      \
	X(cmova_64, ARITHMETIC, 64, "cmova %%rbx, %%rax", 0xba92ab5d0a12dd9e)                      \
	X(bswap32, NO_FLAGS, 32, "bswap %%eax", 0xd22cd8b9344c3ed1)                                \
	X(andn32, BMI, 32, "andn %%ebx, %%edx, %%eax", 0xe1f868f125fb2dca)                         \
	X(blsr32, BMI, 32, "blsr %%ebx, %%eax", 0x23cb5379b147ca8f)                                \
	X(blsi32, BMI, 32, "blsi %%ebx, %%eax", 0x1af713c60a81287f)                                \
	X(blsmsk32, BMI, 32, "blsmsk %%ebx, %%eax", 0xbb40bdf63dbc77df)                            \
	X(bextr32, ZERO_ONLY, 32, "bextr %%ebx, %%edx, %%eax", 0x57f1348c1614469f)                 \
	X(bzhi32, BMI, 32, "bzhi %%ebx, %%edx, %%eax", 0xcc6c927071050ed7)                         \
	X(pdep32, NO_FLAGS, 32, "pdep %%ebx, %%edx, %%eax", 0xcc439013d04dc2ad)                    \
	X(pext32, NO_FLAGS, 32, "pext %%ebx, %%edx, %%eax", 0x4a9a06192bd99948)                    \
	X(shlx32, NO_FLAGS, 32, "shlx %%ebx, %%edx, %%eax", 0x1ace89190423e0af)                    \
	X(shrx32, NO_FLAGS, 32, "shrx %%ebx, %%edx, %%eax", 0xb9c438c85e9d1fb8)                    \
	X(sarx32, NO_FLAGS, 32, "sarx %%ebx, %%edx, %%eax", 0xb9c438c85e9d1fb8)                    \
	X(rorx32, NO_FLAGS, 32, "rorx $13, %%ebx, %%eax", 0x7a0d6dca2bd78f1b)                      \
	X(mulx32, NO_FLAGS, 32, "mulx %%ebx, %%eax, %%edx", 0x75d28e3ec1abcdd1)                    \
	X(adcx32, ARITHMETIC, 32, "adcx %%ebx, %%eax", 0xe9f9c9a4fb7e2dae)                         \
	X(adox32, ARITHMETIC, 32, "adox %%ebx, %%eax", 0xd391bc160015a777)                         \
	X(bswap64, NO_FLAGS, 64, "bswap %%rax", 0xfad83e6a1924e020)                                \
	X(andn64, BMI, 64, "andn %%rbx, %%rdx, %%rax", 0x4fc96f3066b88354)                         \
	X(blsr64, BMI, 64, "blsr %%rbx, %%rax", 0x717bbc462ab33c8e)                                \
	X(blsi64, BMI, 64, "blsi %%rbx, %%rax", 0xce9264be0bdd305a)                                \
	X(blsmsk64, BMI, 64, "blsmsk %%rbx, %%rax", 0x55eb19acdfaee942)                            \
	X(bextr64, ZERO_ONLY, 64, "bextr %%rbx, %%rdx, %%rax", 0x305961357af310b2)                 \
	X(bzhi64, BMI, 64, "bzhi %%rbx, %%rdx, %%rax", 0xe0deea7cc0354102)                         \
	X(pdep64, NO_FLAGS, 64, "pdep %%rbx, %%rdx, %%rax", 0x1269749aa2266a65)                    \
	X(pext64, NO_FLAGS, 64, "pext %%rbx, %%rdx, %%rax", 0xade0f37ffac782bc)                    \
	X(shlx64, NO_FLAGS, 64, "shlx %%rbx, %%rdx, %%rax", 0xf7e9414549275217)                    \
	X(shrx64, NO_FLAGS, 64, "shrx %%rbx, %%rdx, %%rax", 0x934b89e8dbbabf8)                     \
	X(sarx64, NO_FLAGS, 64, "sarx %%rbx, %%rdx, %%rax", 0xcb09e961f34b3513)                    \
	X(rorx64, NO_FLAGS, 64, "rorx $13, %%rbx, %%rax", 0x45803ed7aab7a423)                      \
	X(mulx64, NO_FLAGS, 64, "mulx %%rbx, %%rax, %%rdx", 0x2a6321d4b2cac5ed)                    \
	X(adcx64, ARITHMETIC, 64, "adcx %%rbx, %%rax", 0xc271a4ad98cb7bdb)                         \
	X(adox64, ARITHMETIC, 64, "adox %%rbx, %%rax", 0xac907c7863dea8d0)                         \
	X(movzx8_64, NO_FLAGS, 64, "movzbq %%bl, %%rax", 0x642e11b010517bb9)                       \
	X(movsx8_64, NO_FLAGS, 64, "movsbq %%bl, %%rax", 0xcfa7e1799d955a48)                       \
	X(movsx16_32, NO_FLAGS, 32, "movswl %%bx, %%eax", 0x206285fa691eb200)                      \
	X(movsxd64, NO_FLAGS, 64, "movslq %%ebx, %%rax", 0x48c8a7c92d79b31a)                       \
	X(movsx8w, NO_FLAGS, 16, "movsbw %%bl, %%ax", 0xa79849c29df90143)                          \
	X(ah8, ARITHMETIC, 8, "add %%bh, %%ah; mov %%ah, %%dl", 0x789c3f479a94c274)                \
	X(cbw16, NO_FLAGS, 16, "cbw", 0x62e1454b93dfb215)                                          \
	X(cwde32, NO_FLAGS, 32, "cwde", 0xe0f2a237597a37ad)                                        \
	X(cdqe64, NO_FLAGS, 64, "cdqe", 0xabd94774d2401c8d)                                        \
	X(cwd16, NO_FLAGS, 16, "cwd", 0xf87945d6658a7283)                                          \
	X(cdq32, NO_FLAGS, 32, "cdq", 0x781f45a62e979861)                                          \
	X(cqo64, NO_FLAGS, 64, "cqo", 0xf3daf11b5bc943d)                                           \
	X(lahf8, ARITHMETIC, 8, "lahf", 0xc0596c486ad8686a)                                        \
	X(sahf8, ARITHMETIC, 8, "sahf", 0xa7be3984645cecaf)                                        \
	X(cmc8, ARITHMETIC, 8, "cmc", 0x7673980f84d99a64)                                          \
	X(lea64, NO_FLAGS, 64, "lea 0x123(%%rbx,%%rax,8), %%rax", 0x6284cf1b20d315be)              \
	X(lea32, NO_FLAGS, 32, "lea -5(%%ebx,%%eax,4), %%eax", 0x9add40f808c46eed)                 \
	X(lea16, NO_FLAGS, 16, "lea -5(%%rbx,%%rax,2), %%ax", 0x241fce95dfbcd4ca)                  \
	X(seto_8, ARITHMETIC, 8, "seto %%al", 0x879ef0ad6132e868)                                  \
	X(setno_8, ARITHMETIC, 8, "setno %%al", 0x3f48d6b72beaebe7)                                \
	X(setb_8, ARITHMETIC, 8, "setb %%al", 0x879ef0ad6132e868)                                  \
	X(setae_8, ARITHMETIC, 8, "setae %%al", 0x3f48d6b72beaebe7)                                \
	X(setz_8, ARITHMETIC, 8, "setz %%al", 0x879ef0ad6132e868)                                  \
	X(setnz_8, ARITHMETIC, 8, "setnz %%al", 0x3f48d6b72beaebe7)                                \
	X(setbe_8, ARITHMETIC, 8, "setbe %%al", 0x879ef0ad6132e868)                                \
	X(seta_8, ARITHMETIC, 8, "seta %%al", 0x3f48d6b72beaebe7)                                  \
	X(sets_8, ARITHMETIC, 8, "sets %%al", 0x879ef0ad6132e868)                                  \
	X(setns_8, ARITHMETIC, 8, "setns %%al", 0x3f48d6b72beaebe7)                                \
	X(setp_8, ARITHMETIC, 8, "setp %%al", 0x879ef0ad6132e868)                                  \
	X(setnp_8, ARITHMETIC, 8, "setnp %%al", 0x3f48d6b72beaebe7)                                \
	X(setl_8, ARITHMETIC, 8, "setl %%al", 0x50243cc62c7a78d0)                                  \
	X(setge_8, ARITHMETIC, 8, "setge %%al", 0xf04175f9ed25f24)                                 \
	X(setle_8, ARITHMETIC, 8, "setle %%al", 0x879ef0ad6132e868)                                \
	X(setg_8, ARITHMETIC, 8, "setg %%al", 0x3f48d6b72beaebe7)                                  \
	X(xlat8_8, NO_FLAGS, 8, "xchg %%al, %%bh; mov %%bh, %%dl", 0x469477cf9b7ad12c)
